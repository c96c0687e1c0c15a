package recall_test

import (
	"testing"

	"thalamus/graph/graphtest"
)

func TestMain(m *testing.M) { graphtest.Main(m) }
