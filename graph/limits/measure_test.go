package limits_test

import (
	"testing"

	"thalamus/graph/limits/attacks"
)

func TestCount(t *testing.T) { t.Log(len(attacks.All())) }
