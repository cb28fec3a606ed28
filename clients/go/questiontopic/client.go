// Package questiontopic is the Go client of question-topic: text in, calibrated topic confidences out.
//
// [New] opens a [Client] over a transport that is always stated, [Plaintext] or [TLS]. The client embeds the generated
// [questiontopicv1.TopicServiceClient] and adds what every caller wants: a deadline for calls that bring none, retries
// of UNAVAILABLE alone, message sizes that fit the contract, and [Client.Predict] for the plain case of texts in,
// predictions out. [FieldViolations], [RetryDelay], [Reason] and [RequestID] read what a failed call's error carries.
//
// The package opens no connection before the first call, starts no server and, without [WithThrottle], keeps no state
// between calls.
package questiontopic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// DefaultTimeout is the deadline of a call whose context has none, unless [WithTimeout] says otherwise.
const DefaultTimeout = 10 * time.Second

// maxMessageBytes is the contract's Limits.max_message_bytes, 16 MiB. gRPC's own default for answers is 4 MiB.
const maxMessageBytes = 16 << 20

// Client calls one TopicService. It is safe for concurrent use: share one, and Close it at the end.
type Client struct {
	questiontopicv1.TopicServiceClient
	connection *grpc.ClientConn
}

// New returns a client of the server at address, which is HOST:PORT or any other gRPC target, such as
// dns:///topics.example.com:443. If the name has several addresses, calls take turns among them.
//
// New does no input or output: the connection is made by the first call, and made again when it is lost. It fails if
// address is no gRPC target, transport is the zero Transport, or an option is out of range.
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
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport.credentials),
		grpc.WithDefaultServiceConfig(serviceConfig()),
		grpc.WithUserAgent("questiontopic-go/" + Version),
		grpc.WithChainUnaryInterceptor(setDeadline(chosen.timeout)),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(maxMessageBytes),
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			// gRPC retries only requests that it has kept, by default those up to 256 KiB.
			grpc.MaxRetryRPCBufferSize(maxMessageBytes),
		),
	}
	dial = append(dial, chosen.dial...)
	if chosen.throttled { // Inside the caller's interceptors, which may call again.
		dial = append(dial, grpc.WithChainUnaryInterceptor(Throttle()))
	}
	connection, err := grpc.NewClient(address, dial...)
	if err != nil {
		return nil, fmt.Errorf("questiontopic: %w", err)
	}
	return &Client{questiontopicv1.NewTopicServiceClient(connection), connection}, nil
}

// Predict returns one prediction per text, in the order of texts, from whichever bundle the server has loaded.
//
// A call takes 1 to 512 texts, each UTF-8 of 1 to 2,000 characters that are not all white space. Predict is the
// PredictTopic method without the messages around it, and fails as that does. Call PredictTopic itself to name the
// bundle that must answer, or to learn which one did.
func (c *Client) Predict(
	ctx context.Context, level questiontopicv1.LabelLevel, texts ...string,
) ([]*questiontopicv1.Prediction, error) {
	response, err := c.PredictTopic(ctx, &questiontopicv1.PredictTopicRequest{Texts: texts, LabelLevel: level})
	if err != nil {
		return nil, err
	}
	return response.GetPredictions(), nil
}

// Close closes the connection. Calls under way and later ones fail with the code CANCELLED, and so does a second Close.
func (c *Client) Close() error {
	return c.connection.Close()
}
