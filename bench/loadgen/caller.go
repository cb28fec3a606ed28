package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// caller sends one request and waits for its reply.
type caller interface {
	Call(ctx context.Context, body []byte) ([]byte, error)
	Close()
}

func dial(target string, connections, inFlight int, throttled bool) (caller, error) {
	where, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch where.Scheme {
	case "grpc":
		call := &grpcCaller{method: where.Path}
		options := []grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(64<<20)),
		}
		if throttled {
			options = append(options, grpc.WithUnaryInterceptor(questiontopic.Throttle()))
		}
		for range connections {
			connection, err := grpc.NewClient("passthrough:///"+where.Host, options...)
			if err != nil {
				return nil, err
			}
			call.connections = append(call.connections, connection)
		}
		return call, nil
	case "http":
		transport := &http.Transport{MaxIdleConnsPerHost: max(inFlight, 4096), MaxConnsPerHost: 0}
		return &httpCaller{target, &http.Client{Transport: transport}}, nil
	}
	return nil, fmt.Errorf("%q: must begin with grpc:// or http://", target)
}

type grpcCaller struct {
	method      string
	connections []*grpc.ClientConn
	calls       atomic.Uint64
}

func (c *grpcCaller) Call(ctx context.Context, body []byte) ([]byte, error) {
	connection := c.connections[c.calls.Add(1)%uint64(len(c.connections))]
	var reply []byte
	err := connection.Invoke(ctx, c.method, &body, &reply)
	return reply, err
}

func (c *grpcCaller) Close() {
	for _, connection := range c.connections {
		connection.Close()
	}
}

// raw passes messages on as the bytes that they are.
type raw struct{}

func (raw) Name() string                       { return "proto" }
func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }

type httpCaller struct {
	url    string
	client *http.Client
}

func (c *httpCaller) Call(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, httpError{response.StatusCode, strings.TrimSpace(string(reply[:min(len(reply), 300)]))}
	}
	return reply, nil
}

func (c *httpCaller) Close() { c.client.CloseIdleConnections() }

// httpError is a reply with another status than 200.
type httpError struct {
	code  int
	reply string
}

func (e httpError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.code, e.reply) }

// heldBack is the outcome of a call that the throttle did not send.
const heldBack = "held back"

// outcome names how a call ended: gRPC's status, or HTTP's.
func outcome(err error) string {
	if err == nil {
		return codes.OK.String()
	}
	if refused, ok := err.(httpError); ok {
		return fmt.Sprintf("HTTP %d", refused.code)
	}
	if found, ok := status.FromError(err); ok {
		if strings.HasPrefix(found.Message(), "not sent: ") {
			return heldBack
		}
		return found.Code().String()
	}
	if strings.Contains(err.Error(), "deadline exceeded") {
		return codes.DeadlineExceeded.String()
	}
	return "connection"
}

// hasRetryHint tells whether a refusal says when to come back.
func hasRetryHint(err error) bool {
	for _, detail := range status.Convert(err).Proto().GetDetails() {
		if strings.HasSuffix(detail.GetTypeUrl(), "google.rpc.RetryInfo") {
			return true
		}
	}
	return false
}
