package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const connectTimeout = 20 * time.Second

// caller sends one request and waits for its reply.
type caller interface {
	Call(ctx context.Context, body []byte) ([]byte, error)
	Close()
}

// dial returns a caller for the target. Its gRPC connections are established; those of HTTP are made when needed.
func dial(target string, connections, inFlight int, throttled bool) (caller, error) {
	where, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch where.Scheme {
	case "grpc":
		return dialGRPC(where, connections, throttled)
	case "client":
		return dialClient(where, questiontopic.WithHealthChecks())
	case "merged":
		return dialClient(where, questiontopic.WithMerging(questiontopic.Merging{}))
	case "http":
		transport := &http.Transport{MaxIdleConnsPerHost: max(inFlight, 4096), MaxConnsPerHost: 0}
		return &httpCaller{target, &http.Client{Transport: transport}}, nil
	}
	return nil, fmt.Errorf("target %q must begin with grpc://, client://, merged:// or http://", target)
}

type grpcCaller struct {
	method      string
	connections []*grpc.ClientConn
	calls       atomic.Uint64
}

func dialGRPC(target *url.URL, connections int, throttled bool) (*grpcCaller, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(64<<20)),
	}
	if throttled {
		options = append(options, grpc.WithChainUnaryInterceptor(noticeHeldBack, questiontopic.Throttle(), noticeSent))
	}
	made := &grpcCaller{method: target.Path}
	for range connections {
		connection, err := grpc.NewClient("passthrough:///"+target.Host, options...)
		if err != nil {
			return nil, err
		}
		connection.Connect()
		made.connections = append(made.connections, connection)
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	for _, connection := range made.connections {
		for state := connection.GetState(); state != connectivity.Ready; state = connection.GetState() {
			if !connection.WaitForStateChange(ctx, state) {
				return nil, fmt.Errorf("%d connections were not ready in %s, one is %s", connections, connectTimeout, state)
			}
		}
	}
	return made, nil
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

// errHeldBack is the error of a call that the throttle did not send.
var errHeldBack = errors.New("held back by the throttle")

type sentKey struct{}

// noticeHeldBack runs outside the throttle and returns errHeldBack for a call that does not come to noticeSent.
func noticeHeldBack(
	ctx context.Context, method string, request, reply any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	var sent bool
	err := invoke(context.WithValue(ctx, sentKey{}, &sent), method, request, reply, connection, options...)
	if !sent {
		return errHeldBack
	}
	return err
}

// noticeSent runs inside the throttle.
func noticeSent(
	ctx context.Context, method string, request, reply any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	*ctx.Value(sentKey{}).(*bool) = true
	return invoke(ctx, method, request, reply, connection, options...)
}

// raw is a codec that sends and returns messages as bytes.
type raw struct{}

func (raw) Name() string                       { return "proto" }
func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }

// clientCaller asks through the project's Go client.
type clientCaller struct{ client *questiontopic.Client }

func dialClient(target *url.URL, options ...questiontopic.Option) (clientCaller, error) {
	client, err := questiontopic.New(target.Host, questiontopic.Plaintext(), options...)
	if err != nil {
		return clientCaller{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_, err = client.DescribeModel(ctx, &questiontopicv1.DescribeModelRequest{}) // Connects.
	return clientCaller{client}, err
}

func (c clientCaller) Call(ctx context.Context, body []byte) ([]byte, error) {
	request := &questiontopicv1.PredictTopicRequest{}
	if err := proto.Unmarshal(body, request); err != nil {
		return nil, err
	}
	_, err := c.client.PredictTopic(ctx, request)
	return nil, err
}

func (c clientCaller) Close() { c.client.Close() }

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
