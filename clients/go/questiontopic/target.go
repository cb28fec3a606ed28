package questiontopic

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/question-topic/question-topic/clients/go/internal/address"
)

// checkTarget finds faults of a target that gRPC would report only in the first call. canonical is the target as gRPC
// has understood it: SCHEME://AUTHORITY/ENDPOINT, where the scheme is dns if it was not given or has no resolver. The
// endpoints of other schemes, such as unix and xds, are left to their resolvers.
func checkTarget(canonical string) error {
	scheme, rest, _ := strings.Cut(canonical, "://")
	_, endpoint, _ := strings.Cut(rest, "/")
	if scheme != "dns" && !(scheme == "passthrough" && isTCP(endpoint)) {
		return nil
	}
	if other, _, found := strings.Cut(endpoint, "://"); found && !strings.HasPrefix(strings.ToLower(other), "http") {
		return fmt.Errorf("address: no resolver for the scheme %q: import its package, or use HOST:PORT", other)
	}
	if err := address.Check(withHostAndPort(endpoint)); err != nil {
		return fmt.Errorf("address: %w", err)
	}
	return nil
}

// isTCP reports whether gRPC's own dialer would take the endpoint for HOST:PORT. passthrough gives it, or a dialer of
// the caller, any other endpoint as it is.
func isTCP(endpoint string) bool {
	_, _, err := net.SplitHostPort(endpoint)
	return !strings.HasPrefix(endpoint, "unix:") && (err == nil || strings.HasPrefix(strings.ToLower(endpoint), "http"))
}

// withHostAndPort adds what gRPC lets a target leave out: the host localhost or the port 443.
func withHostAndPort(endpoint string) string {
	const host, port = "localhost", "443"
	if ip, err := netip.ParseAddr(endpoint); err == nil {
		return net.JoinHostPort(ip.String(), port)
	}
	if _, _, err := net.SplitHostPort(endpoint + ":" + port); err == nil && endpoint != "" {
		return endpoint + ":" + port
	}
	if strings.HasPrefix(endpoint, ":") {
		return host + endpoint
	}
	return endpoint
}

// isLoopback reports whether target is this machine, in any spelling that a resolver on the way may know.
func isLoopback(target string) bool {
	endpoint := strings.ToLower(target[strings.LastIndexByte(target, '/')+1:])
	for _, scheme := range []string{"dns:", "passthrough:"} {
		endpoint = strings.TrimPrefix(endpoint, scheme)
	}
	if address.IsLoopback(endpoint) {
		return true
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		host = endpoint
	}
	ip, err := netip.ParseAddr(host)
	short := strings.HasPrefix(host, "127.") && strings.Trim(host, "0123456789.") == ""
	return short || strings.HasSuffix(strings.TrimSuffix(host, "."), ".localhost") || err == nil && ip.IsUnspecified()
}
