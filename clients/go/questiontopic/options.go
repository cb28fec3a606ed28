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
	merging   *Merging // nil: no merging
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

// WithDialOptions passes options to gRPC after the client's own options, which they extend or replace: interceptors,
// statistics handlers, keepalive, another service config.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}
