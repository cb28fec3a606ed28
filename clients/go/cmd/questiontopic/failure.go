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

// callError is a failed call. lines[i] is the input line of texts[i]; lines is nil if the texts were arguments.
type callError struct {
	err   error
	lines []int
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

var textField = regexp.MustCompile(`^texts\[([0-9]+)\]$`)

// lineOf returns " (line N)" for a field that is one text of the input, and "" for any other field.
func (e callError) lineOf(field string) string {
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
