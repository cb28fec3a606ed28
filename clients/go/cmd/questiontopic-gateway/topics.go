package main

import (
	"context"
	"log"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// topics answers the calls of the contract by asking the servers of the model that a call names. Its errors are gRPC
// statuses.
type topics struct {
	routes            routes
	forward           []string // The headers of a caller that go on to the server.
	callersHaveTokens bool
	metrics           *metrics
	log               *log.Logger
}

func (t topics) predict(
	ctx context.Context, header http.Header, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	return call(t, "PredictTopic", request.GetModel(), func(route *route) (*questiontopicv1.PredictTopicResponse, error) {
		select {
		case route.places <- struct{}{}:
			defer func() { <-route.places }()
			return route.client.PredictTopic(t.forwarded(ctx, header), request)
		default:
			return nil, fullError()
		}
	})
}

func (t topics) describe(
	ctx context.Context, header http.Header, request *questiontopicv1.DescribeModelRequest,
) (*questiontopicv1.DescribeModelResponse, error) {
	return call(t, "DescribeModel", request.GetModel(), func(route *route) (*questiontopicv1.DescribeModelResponse, error) {
		return route.client.DescribeModel(t.forwarded(ctx, header), request)
	})
}

// call asks the servers of a model, and counts the call.
func call[Response any](t topics, method, model string, ask func(*route) (*Response, error)) (*Response, error) {
	began := time.Now()
	route := t.routes.to(model)
	if route == nil {
		err := t.routes.unknown(model)
		t.metrics.ended(method, "", began, err)
		return nil, err
	}
	response, err := ask(route)
	t.metrics.ended(method, route.model, began, err)
	return response, t.explained(route, err)
}

// explained returns the error of a call as a caller may see it: why there is no server, with its address, is for the log.
// If the server refuses the gateway's own token, no caller can do anything about it: there is no server for them either.
func (t topics) explained(route *route, err error) error {
	server := "the server"
	if route.model != "" {
		server += " of " + route.model
	}
	code := status.Code(err)
	refused := code == codes.Unauthenticated && !t.callersHaveTokens
	if code != codes.Unavailable && !refused {
		if err == nil && route.away.Swap(false) {
			t.log.Printf("%s answers again", server)
		}
		return err
	}
	if !route.away.Swap(true) {
		said := "is away"
		if refused {
			said = "refuses the gateway"
		}
		t.log.Printf("%s %s: %s", server, said, status.Convert(err).Message())
	}
	return status.Errorf(codes.Unavailable, "%s is away, starts or stops: try again later", server)
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
