package main

import (
	"fmt"
	"io"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/textfield"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// fail writes err as one line and returns the exit code.
func fail(stderr io.Writer, exitCode int, err error) int {
	note(stderr, err.Error())
	return exitCode
}

// note writes message as one line.
func note(stderr io.Writer, message string) {
	fmt.Fprintf(stderr, "questiontopic: %s\n", squeeze(message))
}

// callError is a failed call of the texts of sent. Each error of a text names its line if unit is line.
type callError struct {
	err  error
	unit string
	sent []*row
}

// Error returns the status code and each field violation, or the status message if there is no violation.
func (e callError) Error() string {
	failed := status.Convert(e.err)
	message := failed.Message()
	if violations := questiontopic.FieldViolations(e.err); len(violations) > 0 {
		described := make([]string, len(violations))
		for i, violation := range violations {
			described[i] = violation.GetField() + ": " + violation.GetDescription() + e.lineOf(violation.GetField())
		}
		message = strings.Join(described, "; ")
	}
	return code.Code(failed.Code()).String() + ": " + message
}

func (e callError) Unwrap() error {
	return e.err
}

// lineOf returns " (line N)" for a field that is one line of the input, and "" for any other field.
func (e callError) lineOf(field string) string {
	i, ok := textfield.Index(field, len(e.sent))
	if !ok || e.unit != "line" {
		return ""
	}
	return fmt.Sprintf(" (line %d)", e.sent[i].number)
}
