package qdrant_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"thalamus/stores"
	"thalamus/stores/qdrant"
)

// fake is a server without collections. How it answers questions about them can be chosen.
type fake struct {
	pb.UnimplementedQdrantServer
	version string
	answer  func(context.Context) error
}

func (f *fake) HealthCheck(context.Context, *pb.HealthCheckRequest) (*pb.HealthCheckReply, error) {
	return &pb.HealthCheckReply{Title: "fake", Version: f.version}, nil
}

type fakeCollections struct {
	pb.UnimplementedCollectionsServer
	of *fake
}

func (c fakeCollections) Get(ctx context.Context, r *pb.GetCollectionInfoRequest) (*pb.GetCollectionInfoResponse, error) {
	if c.of.answer != nil {
		if err := c.of.answer(ctx); err != nil {
			return nil, err
		}
	}
	return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", r.GetCollectionName())
}

// serve starts a fake on a free port and gives host:port.
func serve(t *testing.T, f *fake, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := grpc.NewServer(options...)
	pb.RegisterQdrantServer(server, f)
	pb.RegisterCollectionsServer(server, fakeCollections{of: f})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// TestServerErrors wants each answer of a server as an error of its kind, with words that help and without what the
// server said.
func TestServerErrors(t *testing.T) {
	f := &fake{version: "1.17.0"}
	address := serve(t, f)
	v, err := qdrant.Open(t.Context(), "qdrant://"+address, qdrant.Options{})
	must(t, err)
	t.Cleanup(func() { _ = v.Close() })
	for code, want := range map[codes.Code]struct {
		kind error
		says string
	}{
		codes.Unavailable:       {stores.ErrUnavailable, "unavailable"},
		codes.Internal:          {stores.ErrUnavailable, "unavailable"},
		codes.DeadlineExceeded:  {stores.ErrUnavailable, "unavailable"}, // the server's own: the caller set none
		codes.Canceled:          {stores.ErrUnavailable, "unavailable"},
		codes.ResourceExhausted: {stores.ErrUnavailable, "try again later"},
		codes.Unauthenticated:   {stores.ErrUnavailable, "API key"},
		codes.PermissionDenied:  {stores.ErrUnavailable, "API key"},
		codes.InvalidArgument:   {stores.ErrInvalid, "refused"},
		codes.Unimplemented:     {stores.ErrUnsupported, "1.16 or later"},
	} {
		f.answer = func(context.Context) error { return status.Error(code, "node 10.0.0.7 says so") }
		_, err := v.Model(t.Context())
		var e *stores.Error
		if !errors.Is(err, want.kind) || !errors.As(err, &e) || !strings.Contains(e.Message, want.says) || strings.Contains(e.Message, "10.0.0.7") {
			t.Errorf("%s: error %v", code, err)
		}
	}
}

// TestDeadlines lets a server take its time: the caller's deadline and cancellation come back as they are.
func TestDeadlines(t *testing.T) {
	asked := make(chan struct{}, 1)
	f := &fake{version: "1.17.0"}
	address := serve(t, f)
	v, err := qdrant.Open(t.Context(), "qdrant://"+address, qdrant.Options{})
	must(t, err)
	t.Cleanup(func() { _ = v.Close() })
	f.answer = func(ctx context.Context) error { asked <- struct{}{}; <-ctx.Done(); return ctx.Err() }
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := v.Model(late); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("after the deadline: %v", err)
	}
	<-asked
	gone, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := v.Model(gone); !errors.Is(err, context.Canceled) || errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("after a cancellation: %v", err)
	}
}

// TestNoServer asks a port where nobody listens, and one where somebody stopped listening.
func TestNoServer(t *testing.T) {
	_, err := qdrant.Open(t.Context(), "qdrant://KEY@127.0.0.1:1", qdrant.Options{})
	var e *stores.Error
	if !errors.Is(err, stores.ErrUnavailable) || !errors.As(err, &e) || !strings.Contains(e.Message, "answers at 127.0.0.1:1 ") || strings.Contains(err.Error(), "KEY") {
		t.Errorf("nobody there: %v", err)
	}
	v, err := qdrant.Open(t.Context(), "qdrant://"+serve(t, &fake{version: "1.17.0"}), qdrant.Options{})
	must(t, err)
	must(t, v.Ping(t.Context()))
	must(t, v.Close())
	must(t, v.Close())
	if err := v.Ping(t.Context()); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

func TestVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"1.15.5": false, "0.11.0": false, "1.16.0": true, "1.100.0": true, "2.0.0": true, "dev": true, "": true,
	} {
		v, err := qdrant.Open(t.Context(), "qdrant://"+serve(t, &fake{version: version}), qdrant.Options{})
		switch {
		case ok && err == nil:
			must(t, v.Close())
		case ok || !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), "1.16 or later"):
			t.Errorf("%q: %v", version, err)
		}
	}
}

// TestAPIKey wants the key with every request, and a warning when it would be read on the way.
func TestAPIKey(t *testing.T) {
	f := &fake{version: "1.17.0", answer: func(ctx context.Context) error {
		md, _ := metadata.FromIncomingContext(ctx)
		if key := md.Get("api-key"); len(key) != 1 || key[0] != "p@ss/word" {
			return status.Error(codes.Unauthenticated, "Invalid API key or JWT")
		}
		return nil
	}}
	address := serve(t, f)
	for _, tt := range []struct {
		url, key string
		ok       bool
	}{
		{"qdrant://p%40ss%2Fword@" + address, "", true}, {"qdrant://" + address, "p@ss/word", true},
		{"qdrant://wrong@" + address, "", false}, {"qdrant://" + address, "", false},
	} {
		v, err := qdrant.Open(t.Context(), tt.url, qdrant.Options{APIKey: tt.key})
		switch {
		case tt.ok && err == nil:
			must(t, v.Close())
		case tt.ok || !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), "does not accept the API key"):
			t.Errorf("%s with the key %q: %v", tt.url, tt.key, err)
		}
	}
	var logged bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = qdrant.Open(ctx, "qdrant://KEY@192.0.2.1", qdrant.Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if s := logged.String(); !strings.Contains(s, "in the clear") || strings.Contains(s, "KEY@") {
		t.Errorf("logged %q", s)
	}
}

// TestTLS wants qdrants:// to speak TLS with a server that the system trusts, and with no other.
func TestTLS(t *testing.T) {
	certificate, authority := issue(t)
	address := serve(t, &fake{version: "1.17.0"}, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	_, port, _ := net.SplitHostPort(address)
	if _, err := qdrant.Open(t.Context(), "qdrants://localhost:"+port, qdrant.Options{}); !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "x509") {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	trusting := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool}))
	v, err := qdrant.Open(t.Context(), "qdrants://localhost:"+port, qdrant.Dialing(qdrant.Options{}, trusting))
	must(t, err)
	must(t, v.Close())
	late, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := qdrant.Open(late, "qdrant://localhost:"+port, qdrant.Options{}); err == nil {
		t.Error("a server that speaks TLS was reached without it")
	}
}

// issue makes a certificate for localhost that vouches for itself.
func issue(t *testing.T) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"localhost"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, parsed
}
