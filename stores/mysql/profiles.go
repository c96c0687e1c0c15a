package mysql

import (
	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Profiles is the contract of profiles.
func (db *DB) Profiles() stores.Profiles {
	return relational.Profiles{Records: relational.NewRecords(db.rows, profileTable)}
}

var profileTable = relational.NewTable(dialect{}, "profiles", flat.Profiles, relational.Extras[stores.Profile]{})
