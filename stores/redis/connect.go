package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"sync"
	"time"

	driver "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"thalamus/stores"
)

// clientName is what operators see in the server's list of clients.
const clientName = "thalamus"

// connect makes the driver's client; it connects on first use.
//
// The driver repeats nothing: guards above do, and know what may be repeated. Within a cluster it follows redirections,
// for a redirected command was not carried out. RESP2 is enough, and has no messages between replies.
func (c config) connect() (driver.UniversalClient, error) {
	quiet()
	dial, err := c.dialer()
	if err != nil {
		return nil, err
	}
	connections := c.pool + 1 // one more, to learn what became of a cluster
	switch c.form {
	case cluster:
		return driver.NewClusterClient(&driver.ClusterOptions{
			Addrs: c.hosts, Username: c.user, Password: c.password, ClientName: clientName, Dialer: dial, Protocol: 2,
			DialTimeout: c.connectTimeout, ReadTimeout: c.timeout, WriteTimeout: c.timeout, ContextTimeoutEnabled: true,
			PoolSize: connections, PoolTimeout: c.poolTimeout, PipelinePoolSize: -1, DialerRetries: 1, MaxRetries: -1,
			DisableIdentity: true, DisableRoutingPolicies: true, MaintNotificationsConfig: noMaintenance(),
		}), nil
	case sentinel:
		o := &driver.FailoverOptions{
			MasterName: c.master, SentinelAddrs: c.hosts, DB: c.db, Username: c.user, Password: c.password,
			ClientName: clientName, Dialer: dial, Protocol: 2,
			DialTimeout: c.connectTimeout, ReadTimeout: c.timeout, WriteTimeout: c.timeout, ContextTimeoutEnabled: true,
			PoolSize: connections, PoolTimeout: c.poolTimeout, PipelinePoolSize: -1, DialerRetries: 1, MaxRetries: -1,
			DisableIdentity: true,
		}
		if c.sentinelAuth {
			o.SentinelUsername, o.SentinelPassword = c.user, c.password
		}
		return driver.NewFailoverClient(o), nil
	}
	return driver.NewClient(&driver.Options{
		Addr: c.hosts[0], DB: c.db, Username: c.user, Password: c.password, ClientName: clientName, Dialer: dial, Protocol: 2,
		DialTimeout: c.connectTimeout, ReadTimeout: c.timeout, WriteTimeout: c.timeout, ContextTimeoutEnabled: true,
		PoolSize: connections, PoolTimeout: c.poolTimeout, PipelinePoolSize: -1, DialerRetries: 1, MaxRetries: -1,
		DisableIdentity: true, MaintNotificationsConfig: noMaintenance(),
	}), nil
}

func noMaintenance() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// dialer connects with or without TLS; unlike the driver's own it heeds the context in both cases.
func (c config) dialer() (func(context.Context, string, string) (net.Conn, error), error) {
	plain := &net.Dialer{Timeout: c.connectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	if !c.tls {
		return plain.DialContext, nil
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.ca != "" {
		pem, err := os.ReadFile(c.ca)
		if err != nil {
			return nil, stores.Invalid("", "the URL names %s as ca, which cannot be read: %v", c.ca, err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, stores.Invalid("", "the URL names %s as ca, which holds no certificate", c.ca)
		}
	}
	return (&tls.Dialer{NetDialer: plain, Config: trust}).DialContext, nil
}

// quiet keeps the driver from writing lines of its own to standard error: what fails is returned, and logged by those who
// asked for it.
var quiet = sync.OnceFunc(func() { driver.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
