package main

import (
	"context"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const path = "/questiontopic.v1.TopicService/PredictTopic"

// serve starts a gRPC server that answers the message "answer", refuses "refuse" with a hint, and lets every other call
// wait for its deadline. It returns the target of its calls.
func serve(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		switch method, _ := grpc.MethodFromServerStream(stream); {
		case method != path:
			return status.Error(codes.Unimplemented, method)
		case string(message) == "answer":
			return stream.SendMsg(&message)
		case string(message) == "refuse":
			refused, _ := status.New(codes.ResourceExhausted, "later").WithDetails(&errdetails.RetryInfo{})
			return refused.Err()
		}
		<-stream.Context().Done()
		return status.FromContextError(stream.Context().Err()).Err()
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "grpc://" + listener.Addr().String() + path
}

func newLoad(t *testing.T, target string, throttled bool, bodies ...string) *load {
	caller, err := dial(target, 2, 1, throttled)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(caller.Close)
	made := &load{caller: caller, timeout: time.Second, maxCalls: 300}
	for _, body := range bodies {
		made.requests = append(made.requests, request{1, []byte(body)})
	}
	return made
}

func TestEveryCallOfAnOpenLoadIsCounted(t *testing.T) {
	load := newLoad(t, serve(t), false, "answer", "refuse", "wait")
	found := load.measure(func(ctx context.Context) { load.open(ctx, 1000) }, 10*time.Second)
	answered, refused, expired := found.Outcomes["OK"], found.Outcomes["RESOURCE_EXHAUSTED"], found.Outcomes["DEADLINE_EXCEEDED"]
	if answered+refused+expired != 300 || answered == 0 || refused == 0 || expired < 100 || found.Hints != refused {
		t.Errorf("%+v", found)
	}
	if len(found.Messages) != 2 || !strings.HasSuffix(found.Messages["RESOURCE_EXHAUSTED"], "desc = later") {
		t.Errorf("%+v", found)
	}
}

func TestCallersOfAClosedLoadShareTheCalls(t *testing.T) {
	load := newLoad(t, serve(t), false, "answer")
	found := load.measure(func(ctx context.Context) { load.closed(ctx, 16) }, 10*time.Second)
	if found.Outcomes["OK"] != 300 || found.Questions != 300 || found.Latency.Calls != 300 || found.Seconds > 5 {
		t.Errorf("%+v", found)
	}
}

func TestAClosedLoadEndsWithItsDuration(t *testing.T) {
	load := newLoad(t, serve(t), false, "wait")
	found := load.measure(func(ctx context.Context) { load.closed(ctx, 2) }, 300*time.Millisecond)
	if found.Outcomes["DEADLINE_EXCEEDED"] != 2 || found.Seconds > 0.9 {
		t.Errorf("%+v", found)
	}
}

func TestTheThrottleHoldsCallsBack(t *testing.T) {
	load := newLoad(t, serve(t), true, "refuse")
	found := load.measure(func(ctx context.Context) { load.closed(ctx, 1) }, 10*time.Second)
	if found.Outcomes[heldBack] == 0 || found.Hints != found.Outcomes["RESOURCE_EXHAUSTED"] || found.Hints == 0 {
		t.Errorf("%+v", found)
	}
}

func TestHTTPStatusesAreOutcomes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		switch body, _ := io.ReadAll(request.Body); string(body) {
		case "refuse":
			http.Error(answer, "later", http.StatusServiceUnavailable)
		case "wait":
			<-request.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	load := newLoad(t, server.URL, false, "answer", "refuse", "wait")
	load.maxCalls = 6
	found := load.measure(func(ctx context.Context) { load.closed(ctx, 1) }, 10*time.Second)
	if want := map[string]int{"OK": 2, "HTTP 503": 2, "DEADLINE_EXCEEDED": 2}; !maps.Equal(found.Outcomes, want) {
		t.Errorf("%+v", found)
	}
}

func TestLateAnswersAreNotCountedAsQuestions(t *testing.T) {
	begin := time.Now()
	answered := func(late bool) result {
		return result{outcome: "OK", questions: 1, due: begin, ended: begin.Add(time.Second), late: late}
	}
	found := results{answered(false), answered(true)}.summary(begin, begin.Add(2*time.Second), 0)
	if found.Questions != 1 || found.Late != 1 || found.Outcomes["OK"] != 2 {
		t.Errorf("%+v", found)
	}
}

func TestRequestsAreRead(t *testing.T) {
	var content []byte
	for _, body := range []string{"one", "another"} {
		content = binary.LittleEndian.AppendUint32(content, 7)
		content = binary.LittleEndian.AppendUint32(content, uint32(len(body)))
		content = append(content, body...)
	}
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	for file, content := range map[string][]byte{whole: content, cut: content[:len(content)-1]} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := readRequests(whole)
	if err != nil || len(found) != 2 || found[1].questions != 7 || string(found[1].body) != "another" {
		t.Error(found, err)
	}
	if _, err := readRequests(cut); err == nil {
		t.Error("a request without its last byte was read")
	}
}

func TestATargetOfAnotherSchemeIsAnError(t *testing.T) {
	if _, err := dial("tcp://127.0.0.1:1/", 1, 1, false); err == nil {
		t.Error("a target of the scheme tcp was accepted")
	}
}
