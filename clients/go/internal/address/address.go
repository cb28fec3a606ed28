// Package address checks addresses of the form HOST:PORT. It does not resolve names.
package address

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Check returns an error that names the fix if address is not HOST:PORT. An IPv6 host is in brackets.
func Check(address string) error {
	scheme, _, found := strings.Cut(address, "://")
	if scheme = strings.ToLower(scheme); found && (scheme == "http" || scheme == "https") {
		return fmt.Errorf("must be HOST:PORT without %s://, not %q", scheme, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.Contains(address, "/") || host == "" || port == "" {
		return fmt.Errorf("must be HOST:PORT, not %q", address)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return fmt.Errorf("the port must be from 1 to 65535, not %s", port)
	}
	return nil
}

// IsLoopback reports whether address, HOST or HOST:PORT, is this machine: localhost, 127.0.0.0/8, [::1], or no host at
// all, which gRPC takes for localhost.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	} else if host == "" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") || err == nil && ip.IsLoopback()
}
