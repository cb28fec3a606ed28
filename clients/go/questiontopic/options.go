package questiontopic

import (
	"time"

	"google.golang.org/grpc"
)

// Option changes a default of [New].
type Option func(*settings)

type settings struct {
	timeout   time.Duration
	throttled bool
	watched   bool
	merging   *Merging      // nil: no merging
	token     func() string // nil: none
	dial      []grpc.DialOption
}

// WithTimeout sets the deadline of calls whose context has none. It must be positive; the default is [DefaultTimeout].
// The deadline of a context is never changed.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithThrottle gives the client a [Throttle], which holds calls back while the servers are overloaded.
func WithThrottle() Option {
	return func(s *settings) { s.throttled = true }
}

// WithHealthChecks makes the client watch the health of each server that it is connected to, and send calls only to
// servers that say SERVING. It is for a name with several addresses: a server that still loads its model accepts
// connections and answers UNAVAILABLE, and without the checks a call may get this answer in each of its attempts. It costs
// one open stream for each connection. The servers must have the service grpc.health.v1.Health with its method Watch; to
// others, such as the gateway, the client sends calls in any case, and gRPC writes a line about it to standard error.
func WithHealthChecks() Option {
	return func(s *settings) { s.watched = true }
}

// WithToken sends a token with each call, which says to the server who calls. The function gives the newest one. It is
// called for each attempt of a call, from several goroutines at once, and must not take long. A token must be printable
// ASCII without blanks; otherwise the call fails with UNAUTHENTICATED. With [Plaintext], whoever can read the connection
// can read the token. A nil function sends none.
func WithToken(token func() string) Option {
	return func(s *settings) { s.token = token }
}

// WithDialOptions passes options to gRPC after the client's own options, which they extend or replace: interceptors,
// statistics handlers, keepalive, another service config.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}
