package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// problem is the JSON of a failed request. Code and Message are as in connect's own errors.
type problem struct {
	status     int
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Fields     []field `json:"fields,omitempty"`
	retryAfter int
}

// field says how to fix one field of a request.
type field struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// wrongField is the problem of a request with one wrong field.
func wrongField(name, description string) problem {
	return problem{http.StatusBadRequest, "invalid_argument", name + ": " + description, []field{{name, description}}, 0}
}

// statuses are the HTTP statuses of gRPC's codes. Any other code is 500.
var statuses = map[codes.Code]int{
	codes.InvalidArgument:   http.StatusBadRequest,
	codes.NotFound:          http.StatusNotFound,
	codes.Unauthenticated:   http.StatusUnauthorized,
	codes.ResourceExhausted: http.StatusTooManyRequests,
	codes.Unavailable:       http.StatusServiceUnavailable,
	codes.DeadlineExceeded:  http.StatusGatewayTimeout,
}

// problemOf returns the problem of a failed call to the server. The server's name texts becomes textsName.
func problemOf(err error, textsName string) problem {
	failed := status.Convert(err)
	found := problem{http.StatusInternalServerError, connect.Code(failed.Code()).String(), failed.Message(), nil, retryAfter(err)}
	if known, ok := statuses[failed.Code()]; ok {
		found.status = known
	}
	for _, violation := range questiontopic.FieldViolations(err) {
		name := violation.GetField()
		if rest, ok := strings.CutPrefix(name, "texts"); ok {
			name = textsName + rest
		}
		found.Fields = append(found.Fields, field{name, violation.GetDescription()})
	}
	if len(found.Fields) > 0 {
		found.Message = found.Fields[0].Field + ": " + found.Fields[0].Description
	}
	return found
}

func (p problem) write(w http.ResponseWriter) {
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	writeJSON(w, p.status, p)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // It fails only if the caller has gone.
}
