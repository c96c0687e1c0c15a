// Package mysql keeps the records in a MySQL or MariaDB database, which several gateways may share.
//
// The SQL of the nouns is that of package relational. What is particular here: a scope is found by the SHA-256 of its key,
// since keys are longer than an index may be; texts are compared by their bytes, by the collation of each product that
// neither folds nor pads; lists and maps are JSON in text columns, as they were written.
//
// A transaction travels in the context: every call made with the context that [DB.Atomic] hands out joins it.
package mysql
