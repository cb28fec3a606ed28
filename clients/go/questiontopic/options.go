package questiontopic

import (
	"time"

	"google.golang.org/grpc"
)

// Option changes what [New] does by default.
type Option func(*settings)

type settings struct {
	timeout time.Duration
	dial    []grpc.DialOption
}

// WithTimeout sets the deadline of calls whose context has none; positive, by default [DefaultTimeout]. A context that
// has a deadline keeps its own, earlier or later.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithDialOptions hands options to gRPC after the client's own, so they add to those or take their place: interceptors,
// statistics handlers, keepalive, another service config.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, options...) }
}
