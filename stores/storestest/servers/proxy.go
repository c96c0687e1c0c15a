package servers

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy stands between clients and a server, and spoils what passes when it is told to.
type Proxy struct {
	URL   string // of the server, by way of the proxy
	proxy *toxiproxy.Proxy
}

// Proxy starts a proxy in front of the server. Close it before the server.
func (s *Server) Proxy() (*Proxy, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	owner := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(owner, s.Name, address(port), u.Host)
	u.Host = address(port)
	if u.Scheme == "neo4j" { // with which the server would tell clients its own address
		u.Scheme = "bolt"
	}
	return &Proxy{URL: u.String(), proxy: p}, p.Start()
}

// Cut breaks every connection and refuses new ones.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Mend takes connections again.
func (p *Proxy) Mend() error { return p.proxy.Start() }

const slow = "slow"

// Slow delays whatever the server answers.
func (p *Proxy) Slow(delay time.Duration) error {
	toxic := fmt.Sprintf(`{"name": %q, "type": "latency", "stream": "downstream", "attributes": {"latency": %d}}`, slow, delay.Milliseconds())
	_, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	return err
}

// Fast ends the delay.
func (p *Proxy) Fast(ctx context.Context) error { return p.proxy.Toxics.RemoveToxic(ctx, slow) }

// Close ends the proxy and its connections.
func (p *Proxy) Close() { p.proxy.Stop() }
