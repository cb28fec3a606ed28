// Command questiontopic sends questions to a question-topic server and prints their topics.
//
// This file connects the parts in the order of the data flow: flags, transport, input, calls in order, output. Run it
// with --help for its usage. The exit code is 0 if every text was answered, 1 if a call failed, and 2 for wrong usage.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	exitAnswered = iota
	exitFailed
	exitUsage
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command. It gets the environment and the standard streams as arguments, and returns the exit code.
func run(arguments []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	chosen, err := parseFlags(arguments, getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitAnswered
	case err != nil:
		return fail(stderr, exitUsage, err)
	case chosen.version:
		fmt.Fprintln(stdout, "questiontopic", questiontopic.Version)
		return exitAnswered
	}
	transport, err := chooseTransport(chosen)
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	client, err := questiontopic.New(chosen.address, transport, questiontopic.WithTimeout(chosen.timeout))
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	defer client.Close()

	batches := readBatches(stdin, chosen.textsPerCall)
	if len(chosen.texts) > 0 {
		batches = oneBatch(chosen.texts)
	}
	if err := printTopics(client, chosen, batches, stdout); err != nil {
		return fail(stderr, exitFailed, err)
	}
	return exitAnswered
}

// printTopics prints the topics of the texts of every batch, in order, up to the first failure.
func printTopics(
	client *questiontopic.Client, chosen options, batches iter.Seq2[batch, error], stdout io.Writer,
) error {
	predict := func(ctx context.Context, b batch) ([]*questiontopicv1.Prediction, error) {
		response, err := client.PredictTopic(ctx, &questiontopicv1.PredictTopicRequest{
			Texts:      b.texts,
			LabelLevel: chosen.level,
			Model:      chosen.model,
		})
		if err != nil {
			return nil, callError{err, b.lines}
		}
		if got, want := len(response.GetPredictions()), len(b.texts); got != want {
			return nil, fmt.Errorf("the server gave %d predictions for %d texts", got, want)
		}
		return response.GetPredictions(), nil
	}

	buffer := bufio.NewWriter(stdout)
	printed := newPrinter(chosen.output, chosen.level, buffer)
	if err := errors.Join(printed.header(), buffer.Flush()); err != nil {
		return err
	}
	for answered, err := range inOrder(context.Background(), chosen.inFlight, batches, predict) {
		if err != nil {
			return err
		}
		for i, prediction := range answered.predictions {
			if err := printed.row(answered.texts[i], prediction); err != nil {
				return err
			}
		}
		if err := buffer.Flush(); err != nil {
			return err
		}
	}
	return nil
}
