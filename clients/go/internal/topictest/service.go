// Package topictest has real servers for the module's tests: gRPC servers in the test's process, whose answers the test
// defines; a question-topic server as a separate process; and certificates for both.
package topictest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// Predict answers one PredictTopic call.
type Predict func(context.Context, *questiontopicv1.PredictTopicRequest) (*questiontopicv1.PredictTopicResponse, error)

// Service is a TopicService whose answers the test defines.
type Service struct {
	questiontopicv1.UnimplementedTopicServiceServer
	Predict Predict
}

// PredictTopic calls Predict.
func (s Service) PredictTopic(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	return s.Predict(ctx, request)
}

// Serve runs service on a free port until the test ends, and returns the address.
func Serve(t testing.TB, service questiontopicv1.TopicServiceServer, options ...grpc.ServerOption) string {
	t.Helper()
	address, stop, err := Start(service, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// Start runs service on a free port until stop is called.
func Start(
	service questiontopicv1.TopicServiceServer, options ...grpc.ServerOption,
) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := grpc.NewServer(options...)
	questiontopicv1.RegisterTopicServiceServer(server, service)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() {
		server.Stop()
		<-served
	}
	return listener.Addr().String(), stop, nil
}
