package main

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const path = "/questiontopic.v1.TopicService/PredictTopic"

// serveKinds answers "answer" with itself, refuses "refuse" with a hint, and leaves everything else waiting.
func serveKinds(t *testing.T, options ...grpc.ServerOption) *url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options = append(options, grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		left, bounded := stream.Context().Deadline()
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		switch {
		case method != path || !bounded || time.Until(left) > time.Second:
			return status.Errorf(codes.InvalidArgument, "%s until %s", method, left)
		case string(message) == "answer":
			return stream.SendMsg(&message)
		case string(message) == "refuse":
			refused, _ := status.New(codes.ResourceExhausted, "later").WithDetails(&errdetails.RetryInfo{})
			return refused.Err()
		}
		<-stream.Context().Done()
		return status.FromContextError(stream.Context().Err()).Err()
	}))
	server := grpc.NewServer(options...)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return &url.URL{Scheme: "grpc", Host: listener.Addr().String(), Path: path}
}

func TestBareCallsEndAsThoseOfAClient(t *testing.T) {
	calls := load{timeout: time.Second, requests: []request{
		{1, []byte("answer")}, {1, []byte("refuse")}, {1, []byte("wait")},
	}}
	connections, err := dialAllBare(serveKinds(t).String(), 2, &calls)
	if err != nil {
		t.Fatal(err)
	}
	shape := func(ctx context.Context) { calls.bare(ctx, 600, connections) }
	found := calls.measure(shape, 0, time.Second)
	total := 0
	for _, kind := range []codes.Code{codes.OK, codes.ResourceExhausted, codes.DeadlineExceeded} {
		count := found.Outcomes[kind.String()]
		if count < 100 {
			t.Errorf("%d calls ended with %s", count, kind)
		}
		total += count
	}
	if total != len(calls.results) {
		t.Errorf("of %d calls some ended otherwise: %v", len(calls.results), found.Outcomes)
	}
	if found.Hints != found.Outcomes[codes.ResourceExhausted.String()] {
		t.Errorf("%d hints for %v", found.Hints, found.Outcomes)
	}
}

func TestCallsOfABrokenConnectionAreCounted(t *testing.T) {
	calls := load{timeout: time.Second, requests: []request{{1, []byte("wait")}}}
	connections, err := dialAllBare(serveKinds(t).String(), 1, &calls)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { connections[0].transport.Close() })
	shape := func(ctx context.Context) { calls.bare(ctx, 500, connections) }
	found := calls.measure(shape, 0, 400*time.Millisecond)
	if found.Outcomes["connection"] == 0 || found.Outcomes["not sent"] == 0 || len(found.Outcomes) != 2 {
		t.Error(found.Outcomes)
	}
}

func TestNoMoreCallsAreOpenThanTheServerLets(t *testing.T) {
	calls := load{timeout: 200 * time.Millisecond, requests: []request{{1, []byte("wait")}}}
	connections, err := dialAllBare(serveKinds(t, grpc.MaxConcurrentStreams(1)).String(), 1, &calls)
	if err != nil {
		t.Fatal(err)
	}
	shape := func(ctx context.Context) { calls.bare(ctx, 500, connections) }
	found := calls.measure(shape, 100*time.Millisecond, time.Second)
	if ended := found.Outcomes[codes.DeadlineExceeded.String()]; ended == 0 || ended > 6 {
		t.Error(found.Outcomes)
	}
	if found.Outcomes["not sent"] < 300 {
		t.Error(found.Outcomes)
	}
}

func TestWhatCannotBeSentBareIsAnError(t *testing.T) {
	for target, body := range map[string]string{"http://127.0.0.1:1/": "answer", "grpc://127.0.0.1:1/": strings.Repeat("a", 20_000)} {
		_, err := dialAllBare(target, 1, &load{requests: []request{{1, []byte(body)}}})
		if err == nil || !strings.HasPrefix(err.Error(), "-bare") {
			t.Errorf("%s: %v", target, err)
		}
	}
}
