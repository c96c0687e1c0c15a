package mysql_test

import (
	"context"
	"os"
	"testing"

	"thalamus/stores"
	"thalamus/stores/mysql"
	"thalamus/stores/storestest"
	private "thalamus/stores/storestest/servers"
)

func TestFaults(t *testing.T) {
	open := func(ctx context.Context, url string) (*stores.Set, error) {
		db, err := mysql.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return setOf(db), nil
	}
	t.Run("MariaDB", func(t *testing.T) { storestest.Faults(t, stores.RoleRecords, private.MariaDB, open) })
	if os.Getenv("THALAMUS_TEST_MYSQL") != "" {
		t.Run("MySQL", func(t *testing.T) {
			t.Log("runs against THALAMUS_TEST_MYSQL")
			storestest.Faults(t, stores.RoleRecords, private.MySQL, open)
		})
	}
}
