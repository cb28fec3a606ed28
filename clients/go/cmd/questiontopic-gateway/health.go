package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// The server describes its model at once if it is well; this leaves time for the client's retries.
const healthTimeout = 2 * time.Second

// health says SERVING while the server of the default model answers and the gateway does not drain. Another model that is
// away must not take the gateway, and the default with it, out of use.
type health struct {
	client            *questiontopic.Client // Of the default model.
	callersHaveTokens bool                  // So the gateway has none, and a server that demands one is well.
	draining          atomic.Bool
}

// drain makes the gateway NOT_SERVING for good.
func (h *health) drain() {
	h.draining.Store(true)
}

// Check implements grpchealth.Checker.
func (h *health) Check(ctx context.Context, request *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	if service := questiontopicv1.TopicService_ServiceDesc.ServiceName; request.Service != "" && request.Service != service {
		return nil, connect.NewError(connect.CodeNotFound,
			fmt.Errorf("service: must be empty or %s, not %q", service, request.Service))
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if h.draining.Load() {
		return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
	}
	_, err := h.client.DescribeModel(ctx, &questiontopicv1.DescribeModelRequest{})
	if err != nil && !(h.callersHaveTokens && status.Code(err) == codes.Unauthenticated) {
		return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
}
