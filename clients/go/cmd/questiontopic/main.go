// Command questiontopic sends questions to a question-topic server and prints their topics.
//
// This file connects the parts in the order of the data flow: flags, transport, input, calls in order, output. Run it
// with --help for its usage and its exit codes.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"iter"
	"os"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

const (
	exitAnswered = iota
	exitFailed
	exitUsage
	exitUnanswered
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command. It gets the environment and the standard streams as arguments, and returns the exit code.
func run(arguments []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	chosen, err := parseFlags(arguments, getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return printText(stdout, stderr, usage)
	case err != nil:
		return fail(stderr, exitUsage, err)
	case chosen.version:
		return printText(stdout, stderr, "questiontopic "+questiontopic.Version+"\n")
	}
	transport, err := chosen.transport.Choose(chosen.address)
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	token, err := chosen.readToken(getenv)
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	client, err := questiontopic.New(chosen.address, transport,
		questiontopic.WithTimeout(chosen.timeout), questiontopic.WithToken(token))
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	defer client.Close()

	if chosen.labels {
		if err := printLabels(caller{client, chosen}, stdout); err != nil {
			return fail(stderr, exitFailed, err)
		}
		return exitAnswered
	}
	batches := readBatches(stdin, chosen)
	if len(chosen.texts) > 0 {
		hintAtFile(stderr, chosen.texts)
		batches = oneBatch(chosen.texts)
	}
	unanswered := report{stderr: stderr}
	if err := printTopics(caller{client, chosen}, batches, stdout, &unanswered); err != nil {
		return fail(stderr, exitFailed, err)
	}
	return unanswered.end()
}

// printTopics prints the topics of the texts of every batch, in order, up to the first failure.
func printTopics(c caller, batches iter.Seq2[batch, error], stdout io.Writer, unanswered *report) error {
	buffer := bufio.NewWriter(stdout)
	printed := newPrinter(c.chosen, buffer)
	if err := errors.Join(printed.header(), buffer.Flush()); err != nil {
		return err
	}
	for answered, err := range inOrder(context.Background(), c.chosen.inFlight, batches, c.answer) {
		if err != nil {
			return err
		}
		for _, r := range answered.rows {
			if err := printed.row(r); err != nil {
				return err
			}
		}
		if err := buffer.Flush(); err != nil {
			return err
		}
		unanswered.add(answered)
	}
	return nil
}

// printText writes text and returns the exit code.
func printText(stdout, stderr io.Writer, text string) int {
	if _, err := io.WriteString(stdout, text); err != nil {
		return fail(stderr, exitFailed, err)
	}
	return exitAnswered
}
