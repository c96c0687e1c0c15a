package mysql

import "testing"

func TestOlder(t *testing.T) {
	for version, old := range map[string]bool{
		"10.11.19": false, "10.11": false, "10.6.20": true, "11.4.2": false, "5.5.5": true, "12.0.1": false, "x": false,
	} {
		if got := older(version, oldest[true]); got != old {
			t.Errorf("MariaDB %s is too old: %v, want %v", version, got, old)
		}
	}
	for version, old := range map[string]bool{
		"8.0.17": false, "8.0.16": true, "8.0.4": true, "5.7.44": true, "8.4.0": false, "9.7.4": false, "8.0.mysql_aurora": false, "10.0.0": false,
	} {
		if got := older(version, oldest[false]); got != old {
			t.Errorf("MySQL %s is too old: %v, want %v", version, got, old)
		}
	}
}
