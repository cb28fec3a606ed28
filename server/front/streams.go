package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// streams are the open ones: watchers of the health and users of reflection, who would stay as long as they like.
type streams struct {
	ended context.Context
	end   context.CancelFunc // Ends all, and any that begins later.
}

func newStreams() *streams {
	ended, end := context.WithCancel(context.Background())
	return &streams{ended, end}
}

func (s *streams) handle(
	implementation any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler,
) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(s.ended, cancel)()
	return handle(implementation, &endingStream{stream, ctx})
}

// endingStream is a stream whose context may be done before its caller ends it; then nothing more is received.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context is gRPC's to call.
func (s *endingStream) Context() context.Context {
	return s.ctx
}

// RecvMsg is gRPC's to call.
func (s *endingStream) RecvMsg(message any) error {
	received := make(chan error, 1)
	go func() { received <- s.ServerStream.RecvMsg(message) }() // Ends with the handler, if not before.
	select {
	case err := <-received:
		return err
	case <-s.ctx.Done():
		return status.Error(codes.Unavailable, "the server is draining")
	}
}
