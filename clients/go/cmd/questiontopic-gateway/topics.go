package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// topics answers the calls of the contract by asking the server. Its errors are gRPC statuses.
type topics struct {
	client  *questiontopic.Client
	forward []string // The headers of a caller that go on to the server.
	metrics *metrics
}

func (t topics) predict(
	ctx context.Context, header http.Header, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	began := time.Now()
	response, err := t.client.PredictTopic(t.forwarded(ctx, header), request)
	t.metrics.ended("PredictTopic", began, err)
	return response, err
}

func (t topics) describe(
	ctx context.Context, header http.Header, request *questiontopicv1.DescribeModelRequest,
) (*questiontopicv1.DescribeModelResponse, error) {
	began := time.Now()
	response, err := t.client.DescribeModel(t.forwarded(ctx, header), request)
	t.metrics.ended("DescribeModel", began, err)
	return response, err
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
