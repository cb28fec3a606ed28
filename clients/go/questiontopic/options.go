package questiontopic

import (
	"time"

	"google.golang.org/grpc"
)

// Option changes what [New] does by default.
type Option func(*settings)

type settings struct {
	timeout   time.Duration
	throttled bool
	dial      []grpc.DialOption
}

// WithTimeout sets the deadline of calls whose context has none; positive, by default [DefaultTimeout]. A context that
// has a deadline keeps its own, earlier or later.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithThrottle holds calls back by a [Throttle] of the client's own while its servers are overloaded.
func WithThrottle() Option {
	return func(s *settings) { s.throttled = true }
}

// WithDialOptions hands options to gRPC after the client's own, so they add to those or take their place: interceptors,
// statistics handlers, keepalive, another service config.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}
