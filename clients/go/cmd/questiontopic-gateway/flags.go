package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/question-topic/question-topic/clients/go/internal/commandflag"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// variablePrefix begins the environment variable of each flag: --max-body is QUESTIONTOPIC_GATEWAY_MAX_BODY.
const variablePrefix = "QUESTIONTOPIC_GATEWAY_"

const textsPerMergedCall = 32

// options is the command line. It is checked except for the content of files.
type options struct {
	address                  string
	tlsCertificate, tlsKey   string
	allowOrigins             []string
	maxBody                  int
	readTimeout              time.Duration
	backends                 backends
	transport                *commandflag.Transport
	token                    *commandflag.Token
	timeout                  time.Duration
	inFlight, maxWaiting     int
	forward                  []string
	drainDelay, drainTimeout time.Duration
	metricsAddress           string // Empty for none.
	traces                   bool
	version                  bool
}

// parseFlags reads the command line and the environment. It returns flag.ErrHelp for a request for help, and any other
// error for wrong usage. A flag takes precedence over its variable, and an empty variable counts as unset.
func parseFlags(arguments []string, getenv func(string) string) (options, error) {
	chosen := options{
		address:      "localhost:8888",
		maxBody:      8 << 20,
		readTimeout:  10 * time.Second,
		timeout:      questiontopic.DefaultTimeout,
		inFlight:     4,
		maxWaiting:   1024,
		forward:      []string{"x-request-id", "traceparent", "tracestate"},
		drainDelay:   time.Second,
		drainTimeout: 8 * time.Second,
	}
	flags := newFlagSet(&chosen)
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("%q: every argument must be a flag", flags.Arg(0))
	}
	if err := readVariables(flags, getenv); err != nil {
		return options{}, err
	}
	if len(chosen.backends) == 0 {
		chosen.backends = backends{{target: "localhost:50051"}}
	}
	return chosen, chosen.check()
}

// newFlagSet returns the command's flags. They write to chosen. Their descriptions are in the usage text.
func newFlagSet(chosen *options) *flag.FlagSet {
	flags := flag.NewFlagSet("questiontopic-gateway", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&chosen.address, "address", chosen.address, "")
	flags.StringVar(&chosen.tlsCertificate, "tls-certificate", "", "")
	flags.StringVar(&chosen.tlsKey, "tls-key", "", "")
	flags.Func("allow-origin", "", chosen.allowOrigin)
	flags.Func("max-body", "", commandflag.Integer(&chosen.maxBody, 1<<30))
	flags.Func("read-timeout", "", commandflag.Seconds(&chosen.readTimeout))
	flags.Func("backend", "", chosen.backends.add)
	chosen.transport = commandflag.NewTransport(flags, "backend-")
	chosen.token = commandflag.NewToken(flags, "backend-")
	flags.Func("timeout", "", commandflag.Seconds(&chosen.timeout))
	flags.Func("in-flight", "", commandflag.Integer(&chosen.inFlight, 1024))
	flags.Func("max-waiting", "", commandflag.Integer(&chosen.maxWaiting, 1<<20))
	flags.Func("forward", "", chosen.forwardHeaders)
	flags.StringVar(&chosen.metricsAddress, "metrics-address", "", "")
	flags.Func("traces", "", commandflag.YesNo(&chosen.traces))
	flags.Func("drain-delay", "", commandflag.Seconds(&chosen.drainDelay))
	flags.Func("drain-timeout", "", commandflag.Seconds(&chosen.drainTimeout))
	flags.BoolVar(&chosen.version, "version", false, "")
	return flags
}

// readVariables sets the flags that the command line does not have from their environment variables.
func readVariables(flags *flag.FlagSet, getenv func(string) string) (err error) {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	flags.VisitAll(func(f *flag.Flag) {
		variable := variablePrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := getenv(variable)
		if given[f.Name] || value == "" || err != nil {
			return
		}
		if wrong := flags.Set(f.Name, value); wrong != nil {
			err = fmt.Errorf("%s: %w", variable, wrong)
		}
	})
	return err
}

// allowOrigin adds an origin whose pages may read the answers.
func (o *options) allowOrigin(value string) error {
	origin, err := url.Parse(value)
	if value != "*" && (err != nil || origin.Host == "" || origin.Scheme+"://"+origin.Host != value) {
		return errors.New("must be SCHEME://HOST or SCHEME://HOST:PORT, or * for every origin")
	}
	o.allowOrigins = append(o.allowOrigins, value)
	return nil
}

var headerNames = regexp.MustCompile(`^[a-z0-9_.-]+(,[a-z0-9_.-]+)*$`)

// forwardHeaders sets the headers that go on to the server.
func (o *options) forwardHeaders(value string) error {
	o.forward = nil
	if value == "" {
		return nil
	}
	names := strings.ToLower(value)
	if !headerNames.MatchString(names) || strings.Contains(","+names, ",grpc-") {
		return errors.New("must be names of headers with commas between them, none of gRPC's own")
	}
	o.forward = strings.Split(names, ",")
	return nil
}

// callersHaveTokens reports whether callers send tokens of their own to the server.
func (o *options) callersHaveTokens() bool {
	return slices.Contains(o.forward, "authorization")
}

// forwardToServer is the headers that go on as they are. With traces, the client tells the server of the gateway's own span.
func (o *options) forwardToServer() []string {
	if !o.traces {
		return o.forward
	}
	return slices.DeleteFunc(slices.Clone(o.forward), func(name string) bool {
		return name == "traceparent" || name == "tracestate"
	})
}

// check finds faults that the parser of a single flag cannot find.
func (o *options) check() error {
	if (o.tlsCertificate == "") != (o.tlsKey == "") {
		return errors.New("--tls-certificate and --tls-key: give both or neither")
	}
	if o.token.Given() && o.callersHaveTokens() {
		return errors.New("--backend-token-file and --forward authorization: choose one")
	}
	if err := o.backends.check(); err != nil {
		return err
	}
	return o.transport.Check()
}

// maxCalls is the number of calls for one model that may be under way: with one question each, they fill the merged
// calls, and as many wait as may.
func (o *options) maxCalls() int {
	return o.inFlight*textsPerMergedCall + o.maxWaiting
}

// certificates returns the TLS settings for callers, or nil for plaintext.
func (o *options) certificates() (*tls.Config, error) {
	if o.tlsCertificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.tlsCertificate, o.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-certificate, --tls-key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
}
