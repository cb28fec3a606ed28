// Package questiontopictest tests programs that ask a question-topic server, without a server: [NewClient] returns a real
// client whose calls are answered in the memory of the test, as the test's [Service] says.
package questiontopictest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	bufferBytes     = 1 << 20
	maxMessageBytes = 16 << 20 // The contract's Limits.max_message_bytes.
)

// NewClient returns a client of service. The options are those of a client of a real server. When the test ends, the
// client is closed, and running calls are cancelled.
func NewClient(
	t testing.TB, service questiontopicv1.TopicServiceServer, options ...questiontopic.Option,
) *questiontopic.Client {
	t.Helper()
	listener := bufconn.Listen(bufferBytes)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageBytes))
	questiontopicv1.RegisterTopicServiceServer(server, service)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // It ends when the server is stopped.
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	inMemory := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return listener.DialContext(ctx)
	})
	options = append([]questiontopic.Option{questiontopic.WithDialOptions(inMemory)}, options...)
	client, err := questiontopic.New("passthrough:///memory", questiontopic.Plaintext(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // It fails if the test has closed the client itself.
	return client
}
