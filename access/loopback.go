package access

import (
	"net"
	"strings"
)

// Loopback says whether a host, by name or address, is this machine, which nobody else reaches under it. Names are compared
// as those of the network are: in any case, and with or without a dot at the end.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || ip != nil && ip.IsLoopback()
}
