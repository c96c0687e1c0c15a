-- +goose Up

-- Points are the truth of the vectors role; the matrix in memory and points_text are built from them. Vectors are
-- little-endian float32, as given. The payload comes before the vector so that filters need not read past it.
CREATE TABLE points (
    row        INTEGER PRIMARY KEY,
    scope      TEXT NOT NULL,
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    payload    TEXT NOT NULL,
    vector     BLOB NOT NULL,
    text       TEXT NOT NULL,
    UNIQUE (scope, collection, id)
);

-- The index of words, one row per point that has a text, under the row number of the point. home is one token that
-- stands for scope and collection, so that a search reads the postings of its own corner only. The stemmer finds words
-- in other forms (of 20 English questions whose words are inflected otherwise in the answer, 19 find it; 8 without).
CREATE VIRTUAL TABLE points_text USING fts5 (
    home, text,
    content = '', contentless_delete = 1,
    tokenize = 'porter unicode61 remove_diacritics 2'
);

-- The one embedder that made all vectors.
CREATE TABLE embedding_model (
    only      INTEGER PRIMARY KEY CHECK (only = 1),
    name      TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension > 0)
);

-- +goose Down
DROP TABLE embedding_model;
DROP TABLE points_text;
DROP TABLE points;
