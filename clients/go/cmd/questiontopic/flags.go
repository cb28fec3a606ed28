package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/question-topic/question-topic/clients/go/internal/address"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

const (
	addressVariable = "QUESTIONTOPIC_ADDRESS"
	defaultAddress  = "localhost:50051"
)

// options is the command line. It is checked except for the content of files.
type options struct {
	address                string
	plaintext, tls         bool
	ca, certificate, key   string
	serverName             string
	level                  questiontopicv1.LabelLevel
	output                 string
	timeout                time.Duration
	textsPerCall, inFlight int
	model                  string
	version                bool
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
	flags.BoolVar(&chosen.plaintext, "plaintext", false, "")
	flags.BoolVar(&chosen.tls, "tls", false, "")
	flags.StringVar(&chosen.ca, "ca", "", "")
	flags.StringVar(&chosen.certificate, "cert", "", "")
	flags.StringVar(&chosen.key, "key", "", "")
	flags.StringVar(&chosen.serverName, "server-name", "", "")
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
	flags.BoolVar(&chosen.skipBlank, "skip-blank", false, "")
	flags.Func("on-error", "", func(value string) error {
		if value != "stop" && value != "skip" {
			return errors.New("must be stop or skip")
		}
		chosen.skip = value == "skip"
		return nil
	})
	flags.Func("timeout", "", func(value string) (err error) {
		chosen.timeout, err = parseSeconds(value)
		return err
	})
	flags.Func("texts-per-call", "", integer(&chosen.textsPerCall, 512))
	flags.Func("in-flight", "", integer(&chosen.inFlight, 1024))
	flags.StringVar(&chosen.model, "model", "", "")
	flags.BoolVar(&chosen.version, "version", false, "")
	return flags
}

// integer returns a parser for a flag whose value is from 1 to maximum.
func integer(target *int, maximum uint64) func(string) error {
	return func(value string) error {
		number, err := strconv.ParseUint(value, 10, 16)
		if err != nil || number < 1 || number > maximum {
			return fmt.Errorf("must be a whole number from 1 to %d", maximum)
		}
		*target = int(number)
		return nil
	}
}

// maxSeconds is about 68 years. Every gRPC implementation accepts a deadline of that length.
const maxSeconds = math.MaxInt32

var decimalNumber = regexp.MustCompile(`^([0-9]+(\.[0-9]*)?|\.[0-9]+)$`)

func parseSeconds(value string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(value, 64)
	timeout := time.Duration(seconds * float64(time.Second))
	if err != nil || !decimalNumber.MatchString(value) || seconds > maxSeconds || timeout <= 0 {
		return 0, fmt.Errorf("must be a positive decimal number, at most %d", maxSeconds)
	}
	return timeout, nil
}

// check finds faults that the parser of a single flag cannot find.
func (o options) check() error {
	if err := address.Check(o.address); err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	if o.plaintext && o.tls {
		return errors.New("--plaintext and --tls: choose one")
	}
	if (o.certificate == "") != (o.key == "") {
		return errors.New("--cert and --key: give both or neither")
	}
	if !o.tls && (o.ca != "" || o.certificate != "" || o.serverName != "") {
		return errors.New("--ca, --cert, --key and --server-name need --tls")
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
