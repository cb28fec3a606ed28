package service

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

const domain = "questiontopic"

var (
	errLoading  = errors.New("the model is still loading")
	errDraining = errors.New("the server is draining; try another one")

	statusDraining = toStatus(errDraining)
	statusExpired  = toStatus(batcher.ErrExpired)
)

// fieldError says that a field of the request breaks a limit; an empty field means the request as a whole.
type fieldError struct {
	field, description string
}

func (e *fieldError) Error() string {
	if e.field == "" {
		return e.description
	}
	return e.field + ": " + e.description
}

// modelNotFoundError says that the request names a model that is not the loaded one.
type modelNotFoundError struct {
	named, loaded string
}

func (e *modelNotFoundError) Error() string {
	return fmt.Sprintf("model: no '%s' here; the loaded model is '%s'", e.named, e.loaded)
}

// internalError is our own fault; the id stands in the log beside the cause.
type internalError struct {
	id string
}

func (e *internalError) Error() string {
	return "internal error; report request id " + e.id
}

// known says whether the status table has a row of its own for an error.
func known(err error) bool {
	code, _ := row(err)
	return code != codes.Internal
}

// toStatus is the error as gRPC sends it, with google.rpc details.
func toStatus(err error) error {
	code, detail := row(err)
	found := status.New(code, err.Error())
	if detail == nil {
		return found.Err()
	}
	detailed, cannot := found.WithDetails(detail)
	if cannot != nil {
		return found.Err()
	}
	return detailed.Err()
}

// row is an error's in the status table: its code, and its detail if it has one.
func row(err error) (codes.Code, protoadapt.MessageV1) {
	var (
		field    *fieldError
		notFound *modelNotFoundError
		overload *batcher.OverloadedError
		internal *internalError
	)
	switch {
	case errors.As(err, &field):
		violation := &errdetails.BadRequest_FieldViolation{Field: field.field, Description: field.description}
		return codes.InvalidArgument, &errdetails.BadRequest{
			FieldViolations: []*errdetails.BadRequest_FieldViolation{violation},
		}
	case errors.As(err, &notFound):
		return codes.NotFound, &errdetails.ErrorInfo{Reason: "MODEL_NOT_FOUND", Domain: domain}
	case errors.As(err, &overload):
		return codes.ResourceExhausted, &errdetails.RetryInfo{RetryDelay: durationpb.New(overload.RetryAfter)}
	case errors.Is(err, errLoading), errors.Is(err, errDraining), errors.Is(err, batcher.ErrNotServing):
		return codes.Unavailable, nil
	case errors.Is(err, batcher.ErrExpired):
		return codes.DeadlineExceeded, nil
	case errors.Is(err, context.Canceled):
		return codes.Canceled, nil
	case errors.As(err, &internal):
		return codes.Internal, &errdetails.ErrorInfo{
			Reason: "INTERNAL", Domain: domain, Metadata: map[string]string{"request_id": internal.id},
		}
	}
	return codes.Internal, nil
}
