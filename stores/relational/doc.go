// Package relational keeps nouns in an SQL database: it reads, lists, pages, filters and writes the rows that package flat
// lays out. What products spell differently is their [Dialect], what they do differently their [Driver]; both are small.
//
// A transaction travels in the context: every call made with the context that [Database.Atomic] or [Database.Write] hands
// out joins it. Text from outside is only ever a parameter of a statement.
package relational
