package qdrant

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"

	"thalamus/stores"
)

// Name is the name of this backend.
const Name = "qdrant"

// The oldest server: 1.16 brought metadata of collections and conditional upserts.
const (
	minMajor = 1
	minMinor = 16
)

// Options are what a URL does not say.
type Options struct {
	APIKey string       // when it is not in the URL
	Log    *slog.Logger // nil: slog.Default()

	dialing []grpc.DialOption // for tests
}

// Vectors is an engine that finds points by likeness, in a Qdrant server. Scores of keyword searches depend on the texts
// of all scopes. A filter cannot ask for the order or for parts of texts: Qdrant compares texts for equality only.
type Vectors struct {
	*config
	log    *slog.Logger
	conn   *grpc.ClientConn
	client *pb.GrpcClient
	calls  calls
	model  atomic.Pointer[stores.Model] // that this engine is bound to, or that was there when it looked first
	closed atomic.Bool
}

var (
	_ stores.Vectors  = (*Vectors)(nil)
	_ stores.Backend  = (*Vectors)(nil)
	_ stores.Examined = (*Vectors)(nil)
)

// Open connects to the server of a URL: qdrant://[apikey@]host[:6334], or qdrants:// for TLS, with the options
// prefix (of the names of collections, "thalamus_"), concurrency (requests of one call at a time, 4) and hybrid_prefetch
// (candidates per wanted hit that each ranking of a hybrid search brings, 1.5).
//
// It asks for the version, tries the key, and looks at collections that are there already: one that Thalamus did not make
// is refused, and so is a wrong key, with [stores.ErrInvalid]. It creates none; that is done by [Vectors.Bind], which knows the embedder.
func Open(ctx context.Context, url string, o Options) (_ *Vectors, err error) {
	c, err := configure(url, o.APIKey)
	if err != nil {
		return nil, err
	}
	v := &Vectors{config: c, log: o.Log}
	if v.log == nil {
		v.log = slog.Default()
	}
	if err := v.dial(o.dialing...); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = v.Close()
		}
	}()
	health, err := v.health(ctx)
	if err != nil {
		return nil, explain(v.address, err)
	}
	if err := checkVersion(health.GetVersion()); err != nil {
		return nil, err
	}
	found, err := v.describeAll(ctx)
	if err != nil {
		return nil, explain(v.address, err)
	}
	for _, d := range found {
		if err := v.index(ctx, d); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// checkVersion refuses servers that are known to be too old. One that was built from sources may not say what it is.
func checkVersion(version string) error {
	var major, minor int
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n < 2 || major > minMajor || major == minMajor && minor >= minMinor {
		return nil
	}
	return &stores.Error{
		Kind: stores.ErrInvalid, Backend: Name,
		Message: fmt.Sprintf("the server is Qdrant %d.%d; it must be %d.%d or later", major, minor, minMajor, minMinor),
	}
}

// Name is the product.
func (v *Vectors) Name() string { return Name }

// Ping asks the server whether it is there.
func (v *Vectors) Ping(ctx context.Context) error {
	_, err := v.health(ctx)
	return err
}

func (v *Vectors) health(ctx context.Context) (*pb.HealthCheckReply, error) {
	return v.client.Qdrant().HealthCheck(ctx, &pb.HealthCheckRequest{})
}

// Close ends the connection; later calls are [stores.ErrUnavailable].
func (v *Vectors) Close() error {
	if v.closed.Swap(true) {
		return nil
	}
	if err := v.conn.Close(); err != nil {
		return fmt.Errorf("closing the connection to %s: %w", Name, err)
	}
	return nil
}

// usable refuses calls that are over before they begin.
func (v *Vectors) usable(ctx context.Context) error {
	if v.closed.Load() {
		return stores.Unavailable(Name, errClosed)
	}
	return ctx.Err()
}

// Features says what the engine can do.
func (v *Vectors) Features() stores.VectorFeatures {
	return stores.VectorFeatures{Dense: true, Keywords: true, Hybrid: true, MaxBatch: chunk}
}

// Facts are what the server says of itself and of the collections of Thalamus in it.
func (v *Vectors) Facts(ctx context.Context) (stores.Facts, error) {
	health, err := v.health(ctx)
	if err != nil {
		return stores.Facts{}, err
	}
	found, err := v.describeAll(ctx)
	if err != nil {
		return stores.Facts{}, err
	}
	var points uint64
	collections := make([]string, len(found))
	for i, d := range found {
		points += d.points
		collections[i] = fmt.Sprintf("%s (%d points)", d.name, d.points)
	}
	return stores.Facts{
		Product: health.GetTitle(), Version: health.GetVersion(), Schema: strings.Join(collections, ", "), Empty: points == 0, Pool: v.Pool(),
	}, nil
}
