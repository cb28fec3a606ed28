package questiontopictest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// Service is a TopicService whose answers the test defines. It records the requests. Do not copy a Service.
type Service struct {
	questiontopicv1.UnimplementedTopicServiceServer
	// Predict answers PredictTopic: a function of the test, [Topics] or [Error]. Several calls may run at the same time.
	Predict Predict
	// Description is the answer to DescribeModel. Nil stands for a model named test, without labels.
	Description *questiontopicv1.DescribeModelResponse

	mutex    sync.Mutex
	requests []*questiontopicv1.PredictTopicRequest
}

// Predict answers one PredictTopic call.
type Predict func(context.Context, *questiontopicv1.PredictTopicRequest) (*questiontopicv1.PredictTopicResponse, error)

// PredictTopic records the request and calls Predict.
func (s *Service) PredictTopic(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	s.mutex.Lock()
	s.requests = append(s.requests, request)
	s.mutex.Unlock()
	if s.Predict == nil {
		return nil, status.Error(codes.Unimplemented, "questiontopictest: set Predict of the Service")
	}
	return s.Predict(ctx, request)
}

// DescribeModel returns Description.
func (s *Service) DescribeModel(
	context.Context, *questiontopicv1.DescribeModelRequest,
) (*questiontopicv1.DescribeModelResponse, error) {
	if s.Description != nil {
		return s.Description, nil
	}
	return &questiontopicv1.DescribeModelResponse{Model: testModel()}, nil
}

// Requests returns the PredictTopic requests so far, in the order in which they arrived.
func (s *Service) Requests() []*questiontopicv1.PredictTopicRequest {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}

func testModel() *questiontopicv1.Model {
	return &questiontopicv1.Model{Name: "test", Version: "1.0.0", Digest: strings.Repeat("0", 64)}
}
