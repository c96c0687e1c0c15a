package stores

import (
	"context"
	"time"
)

// Facts are what a server says about itself, for operators.
type Facts struct {
	Product  string    // name of the product as it calls itself: "MariaDB"
	Version  string    // its version
	Schema   string    // what of ours it holds: version of the schema, names of indexes or collections
	Empty    bool      // it holds nothing of ours
	Entities bool      // it holds entities, or the records that belong to them
	Clock    time.Time // the server's clock; zero when it does not tell
	Model    Model     // the embedder that made the stored vectors; zero when there are none
	Pool     Pool      // zero when there is none
}

// Pool counts the connections of a pool, since it was opened.
type Pool struct {
	Open    int           // connections now
	InUse   int           // of these, busy
	Limit   int           // how many there may be
	Taken   int64         // how often one was taken
	Waits   int64         // how often a caller waited for one
	Waited  time.Duration // for how long, all together
	Refused int64         // how often one could not be had
}

// Local is a backend that is part of this process: when it is slow, the machine is.
type Local interface{ Local() }

// Examined is a backend that can be asked about itself.
type Examined interface {
	// Facts asks the server. It is for operators: it may take several calls.
	Facts(ctx context.Context) (Facts, error)
	// Pool counts connections without asking the server.
	Pool() Pool
}
