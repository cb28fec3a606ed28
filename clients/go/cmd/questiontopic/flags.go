package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/question-topic/question-topic/clients/go/internal/address"
	"github.com/question-topic/question-topic/clients/go/internal/commandflag"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	addressVariable = "QUESTIONTOPIC_ADDRESS"
	tokenVariable   = "QUESTIONTOPIC_TOKEN"
	defaultAddress  = "localhost:50051"
)

// options is the command line. It is checked except for the content of files.
type options struct {
	address                string
	transport              *commandflag.Transport
	token                  *commandflag.Token
	level                  questiontopicv1.LabelLevel
	output                 string
	noneFrom               float64 // A table marks texts whose score "none of these" is at least this.
	timeout                time.Duration
	textsPerCall, inFlight int
	model                  string
	version                bool
	labels                 bool // Print the labels and ask nothing.
	skip                   bool // Go on after a text that cannot be answered.
	skipBlank              bool
	texts                  []string
}

var levels = map[string]questiontopicv1.LabelLevel{
	"coarse": questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE,
	"fine":   questiontopicv1.LabelLevel_LABEL_LEVEL_FINE,
	"both":   questiontopicv1.LabelLevel_LABEL_LEVEL_BOTH,
}

// parseFlags reads the command line. It returns flag.ErrHelp for a request for help, and any other error for wrong
// usage.
func parseFlags(arguments []string, getenv func(string) string) (options, error) {
	chosen := options{
		address:      defaultAddress,
		level:        questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE,
		output:       "table",
		noneFrom:     0.5,
		timeout:      questiontopic.DefaultTimeout,
		textsPerCall: 64,
		inFlight:     4,
	}
	if given := getenv(addressVariable); given != "" {
		chosen.address = given
	}
	flags := newFlagSet(&chosen)
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	chosen.texts = flags.Args()
	if chosen.version {
		return chosen, nil
	}
	return chosen, chosen.check()
}

// newFlagSet returns the command's flags. They write to chosen. Their descriptions are in the usage text.
func newFlagSet(chosen *options) *flag.FlagSet {
	flags := flag.NewFlagSet("questiontopic", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&chosen.address, "address", chosen.address, "")
	chosen.transport = commandflag.NewTransport(flags, "")
	chosen.token = commandflag.NewToken(flags, "")
	flags.Func("label-level", "", func(value string) error {
		level, ok := levels[value]
		if !ok {
			return errors.New("must be coarse, fine or both")
		}
		chosen.level = level
		return nil
	})
	flags.Func("output", "", func(value string) error {
		if value != "table" && value != "jsonl" {
			return errors.New("must be table or jsonl")
		}
		chosen.output = value
		return nil
	})
	flags.Func("none-from", "", commandflag.Share(&chosen.noneFrom))
	flags.BoolVar(&chosen.skipBlank, "skip-blank", false, "")
	flags.Func("on-error", "", func(value string) error {
		if value != "stop" && value != "skip" {
			return errors.New("must be stop or skip")
		}
		chosen.skip = value == "skip"
		return nil
	})
	flags.Func("timeout", "", commandflag.Seconds(&chosen.timeout))
	flags.Func("texts-per-call", "", commandflag.Integer(&chosen.textsPerCall, 512))
	flags.Func("in-flight", "", commandflag.Integer(&chosen.inFlight, 1024))
	flags.StringVar(&chosen.model, "model", "", "")
	flags.BoolVar(&chosen.labels, "labels", false, "")
	flags.BoolVar(&chosen.version, "version", false, "")
	return flags
}

// readToken returns a function that gives the token of the file, otherwise of the variable; nil if there is neither.
func (o options) readToken(getenv func(string) string) (func() string, error) {
	if given := getenv(tokenVariable); given != "" && !o.token.Given() {
		token, err := commandflag.TokenOf(given, tokenVariable)
		return func() string { return token }, err
	}
	return o.token.Read(func(error) {})
}

// check finds faults that the parser of a single flag cannot find.
func (o options) check() error {
	if err := address.Check(o.address); err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	if err := o.transport.Check(); err != nil {
		return err
	}
	if o.labels && len(o.texts) > 0 {
		return errors.New("--labels asks nothing: leave out the texts")
	}
	for i, text := range o.texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("text %d: not valid UTF-8", i+1)
		}
	}
	if !utf8.ValidString(o.model) {
		return errors.New("--model: not valid UTF-8")
	}
	return nil
}
