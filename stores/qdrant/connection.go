package qdrant

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"thalamus/stores"
)

// maxAnswer is the largest answer taken, in bytes: gRPC's own limit of 4 MiB is less than a page of long texts.
const maxAnswer = 256 << 20

// apiKeyHeader is where Qdrant looks for the key.
const apiKeyHeader = "api-key"

// calls counts requests.
type calls struct{ made, running, refused atomic.Int64 }

// dial prepares the one connection, over which all requests share one HTTP/2 session. It connects with the first request,
// and again by itself when it is lost.
func (v *Vectors) dial(more ...grpc.DialOption) (err error) {
	secure := insecure.NewCredentials()
	if v.tls {
		secure = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	} else if v.apiKey != "" && !local(v.address) {
		v.log.Warn("the API key goes over the network in the clear; begin the URL with "+SchemeTLS+"://", "backend", Name)
	}
	v.conn, err = grpc.NewClient("dns:///"+v.address, append([]grpc.DialOption{
		grpc.WithTransportCredentials(secure),
		grpc.WithUnaryInterceptor(v.call),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 10 * time.Second,
		}),
		grpc.WithUserAgent("thalamus"),
		grpc.WithDisableServiceConfig(), // no look-ups of TXT records
	}, more...)...)
	if err != nil {
		return stores.Unavailable(Name, err)
	}
	v.client = pb.NewGrpcClientFromConn(v.conn)
	return nil
}

// local says that an address is on this machine.
func local(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// call makes every request: it adds the key, counts, and translates errors, so that none leaves the package as gRPC made it.
func (v *Vectors) call(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if err := v.usable(ctx); err != nil {
		return err
	}
	v.calls.made.Add(1)
	v.calls.running.Add(1)
	defer v.calls.running.Add(-1)
	sent := ctx
	if v.apiKey != "" {
		sent = metadata.AppendToOutgoingContext(ctx, apiKeyHeader, v.apiKey)
	}
	err := translate(ctx, invoke(sent, method, request, reply, conn, opts...))
	if err != nil && v.closed.Load() {
		err = stores.Unavailable(Name, errClosed)
	}
	if err != nil && v.conn.GetState() == connectivity.TransientFailure {
		v.calls.refused.Add(1)
	}
	return err
}

// Pool counts requests: they all go over one connection, which no request waits for.
func (v *Vectors) Pool() stores.Pool {
	p := stores.Pool{Limit: 1, Taken: v.calls.made.Load(), Refused: v.calls.refused.Load()}
	if state := v.conn.GetState(); state == connectivity.Ready || state == connectivity.Idle {
		p.Open = 1
	}
	if v.calls.running.Load() > 0 {
		p.InUse = 1
	}
	return p
}
