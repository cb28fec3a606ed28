// Package questiontopic is the Go client of question-topic: text in, calibrated topic confidences out.
//
// [New] makes a [Client] with one of two transports, [Plaintext] or [TLS]. The client embeds the generated
// [questiontopicv1.TopicServiceClient]. In addition, it sets a deadline for calls without one, retries UNAVAILABLE and
// no other code, refuses text that is not UTF-8, and accepts messages of the contract's maximum size. [Client.Predict]
// is the simple call: texts in, predictions out. [Client.PredictMany] answers any number of texts. [FieldViolations], [RetryDelay], [Reason] and [RequestID] read the
// details of a failed call's error.
//
// If the context of a call has a span of OpenTelemetry that records, the call has a span below it, and the server is told
// of it. The client takes that span's own provider; without a span it adds nothing.
//
// The first call opens the connection. Without [WithThrottle], a client keeps no other state between calls.
package questiontopic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// DefaultTimeout is the deadline of a call whose context has none. [WithTimeout] changes it.
const DefaultTimeout = 10 * time.Second

// maxMessageBytes is the contract's Limits.max_message_bytes, 16 MiB. gRPC's default limit for answers is 4 MiB, which
// large answers exceed.
const maxMessageBytes = 16 << 20

// Client calls a TopicService. Goroutines may share one client. Close it at the end.
type Client struct {
	questiontopicv1.TopicServiceClient
	connection *grpc.ClientConn
	timeout    time.Duration
	merger     *merger // nil without merging
}

// New returns a client of the server at address, which is HOST:PORT or any other gRPC target, such as
// dns:///topics.example.com:443. If the name has several addresses, the calls are spread over all of them.
//
// New does not connect: the first call opens the connection, and a later call opens a lost connection again. New fails
// if address cannot be a server's, transport is the zero Transport, or an option is out of range.
//
// A call to this machine does not use the proxy of the environment, however the target names the machine.
func New(address string, transport Transport, options ...Option) (*Client, error) {
	if transport.credentials == nil {
		return nil, errors.New("questiontopic: the transport must be Plaintext() or TLS(config)")
	}
	chosen := settings{timeout: DefaultTimeout}
	for _, option := range options {
		option(&chosen)
	}
	if chosen.timeout <= 0 {
		return nil, fmt.Errorf("questiontopic: the timeout must be positive, not %v", chosen.timeout)
	}
	var limits Merging
	if chosen.merging != nil {
		var err error
		if limits, err = chosen.merging.orDefault(); err != nil {
			return nil, err
		}
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport.credentials),
		grpc.WithDefaultServiceConfig(serviceConfig(chosen.watched)),
		grpc.WithUserAgent("questiontopic-go/" + Version),
		grpc.WithKeepaliveParams(keepaliveParameters),
		grpc.WithConnectParams(connectParams()),
		grpc.WithChainUnaryInterceptor(traceCalls, transport.explain, setDeadline(chosen.timeout)),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(maxMessageBytes),
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			// gRPC can retry only a request that fits its retry buffer, which by default holds 256 KiB.
			grpc.MaxRetryRPCBufferSize(maxMessageBytes),
		),
	}
	if isLoopback(address) { // gRPC itself sends LOCALHOST:50051 to the proxy.
		dial = append(dial, grpc.WithNoProxy())
	}
	if chosen.token != nil {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer(chosen.token)))
	}
	dial = append(dial, chosen.dial...)
	// After the caller's interceptors, so that it also checks what they change.
	dial = append(dial, grpc.WithChainUnaryInterceptor(checkStrings))
	if chosen.throttled { // After the caller's interceptors, so that it also counts the calls that they repeat.
		dial = append(dial, grpc.WithChainUnaryInterceptor(Throttle()))
	}
	connection, err := grpc.NewClient(address, dial...)
	if err != nil {
		return nil, fmt.Errorf("questiontopic: %w", err)
	}
	if err := checkTarget(connection.CanonicalTarget()); err != nil {
		_ = connection.Close() // It has not connected.
		return nil, fmt.Errorf("questiontopic: %w", err)
	}
	client := &Client{
		TopicServiceClient: questiontopicv1.NewTopicServiceClient(connection), connection: connection, timeout: chosen.timeout,
	}
	if chosen.merging != nil {
		client.merger = newMerger(client.predictAlone, chosen.timeout, limits)
	}
	return client, nil
}

// PredictTopic answers a request as the contract says. With [WithMerging], a request of few texts and without call
// options shares a call with others.
func (c *Client) PredictTopic(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest, options ...grpc.CallOption,
) (*questiontopicv1.PredictTopicResponse, error) {
	if c.merger == nil || len(options) > 0 || !isSmall(request) {
		return c.TopicServiceClient.PredictTopic(ctx, request, options...)
	}
	return c.merger.predict(ctx, request)
}

func (c *Client) predictAlone(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	return c.TopicServiceClient.PredictTopic(ctx, request)
}

// MergingStats counts the merged calls of a client with [WithMerging]. For any other client it is zero.
func (c *Client) MergingStats() MergingStats {
	if c.merger == nil {
		return MergingStats{}
	}
	return c.merger.read()
}

// Predict returns one prediction for each text, in the order of the texts, from the bundle that the server has loaded.
//
// A call has 1 to 512 texts. Each is UTF-8 of 1 to 2,000 characters, and not only white space. Predict fails like
// PredictTopic, which it calls. Call PredictTopic itself to name the bundle that must answer, or to see which one did.
func (c *Client) Predict(
	ctx context.Context, level questiontopicv1.LabelLevel, texts ...string,
) ([]*questiontopicv1.Prediction, error) {
	response, err := c.PredictTopic(ctx, &questiontopicv1.PredictTopicRequest{Texts: texts, LabelLevel: level})
	if err != nil {
		return nil, err
	}
	return response.GetPredictions(), nil
}

// Close closes the connection. Running calls, later calls and a second Close fail with the code CANCELLED.
func (c *Client) Close() error {
	return c.connection.Close()
}
