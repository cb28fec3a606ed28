package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// fail writes err as one line and returns the exit code.
func fail(stderr io.Writer, exitCode int, err error) int {
	fmt.Fprintf(stderr, "questiontopic: %s\n", squeeze(err.Error()))
	return exitCode
}

// callError is a failed call. lines[i] is the input line of texts[i], nil if the texts came from no input.
type callError struct {
	err   error
	lines []int
}

// Error names the status code, then each field violation, or the status message if there is none.
func (e callError) Error() string {
	failed := status.Convert(e.err)
	message := failed.Message()
	if violations := questiontopic.FieldViolations(e.err); len(violations) > 0 {
		described := make([]string, len(violations))
		for i, violation := range violations {
			described[i] = violation.GetField() + ": " + violation.GetDescription() + e.place(violation.GetField())
		}
		message = strings.Join(described, "; ")
	}
	return code.Code(failed.Code()).String() + ": " + message
}

func (e callError) Unwrap() error {
	return e.err
}

var textField = regexp.MustCompile(`^texts\[([0-9]+)\]$`)

// place tells the input line of a field that names one text, as " (line N)"; otherwise nothing.
func (e callError) place(field string) string {
	match := textField.FindStringSubmatch(field)
	if match == nil {
		return ""
	}
	index, err := strconv.Atoi(match[1])
	if err != nil || index >= len(e.lines) {
		return ""
	}
	return fmt.Sprintf(" (line %d)", e.lines[index])
}
