package main

import (
	"context"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// topics answers the calls of the contract by asking the server. Its errors are gRPC statuses.
type topics struct {
	client            *questiontopic.Client
	forward           []string // The headers of a caller that go on to the server.
	callersHaveTokens bool
	metrics           *metrics
	log               *log.Logger
	away              *atomic.Bool // The last call found no server.
}

func (t topics) predict(
	ctx context.Context, header http.Header, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	began := time.Now()
	response, err := t.client.PredictTopic(t.forwarded(ctx, header), request)
	t.metrics.ended("PredictTopic", began, err)
	return response, t.explained(err)
}

func (t topics) describe(
	ctx context.Context, header http.Header, request *questiontopicv1.DescribeModelRequest,
) (*questiontopicv1.DescribeModelResponse, error) {
	began := time.Now()
	response, err := t.client.DescribeModel(t.forwarded(ctx, header), request)
	t.metrics.ended("DescribeModel", began, err)
	return response, t.explained(err)
}

// explained returns the error of a call as a caller may see it: why there is no server, with its address, is for the log.
// If the server refuses the gateway's own token, no caller can do anything about it: there is no server for them either.
func (t topics) explained(err error) error {
	code := status.Code(err)
	refused := code == codes.Unauthenticated && !t.callersHaveTokens
	if code != codes.Unavailable && !refused {
		if err == nil && t.away.Swap(false) {
			t.log.Print("the server answers again")
		}
		return err
	}
	if !t.away.Swap(true) {
		said := "is away"
		if refused {
			said = "refuses the gateway"
		}
		t.log.Printf("the server %s: %s", said, status.Convert(err).Message())
	}
	return status.Error(codes.Unavailable, "the server is away, starts or stops: try again later")
}

// forwarded adds a caller's headers to the metadata of the call. It leaves out values that gRPC cannot send.
func (t topics) forwarded(ctx context.Context, header http.Header) context.Context {
	for _, name := range t.forward {
		for _, value := range header.Values(name) {
			if strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
				ctx = metadata.AppendToOutgoingContext(ctx, name, value)
			}
		}
	}
	return ctx
}
