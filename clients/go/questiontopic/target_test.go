package questiontopic_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver/manual"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

func TestNewRefusesAnAddressThatNoCallCouldUse(t *testing.T) {
	for target, want := range map[string]string{
		"http://127.0.0.1:1234":          `must be HOST:PORT without http://, not "http://127.0.0.1:1234"`,
		"https://topics.example.com":     "without https://",
		"HTTPS://topics.example.com:443": "without https://",
		"http://[::1]:1/path":            "without http://",
		"dns:///http://localhost:1":      "without http://",
		"passthrough:///https://h:1":     "without https://",
		"host:65536":                     "the port must be from 1 to 65535, not 65536",
		"host:0":                         "the port must be from 1 to 65535, not 0",
		"host:-1":                        "the port must be from 1 to 65535, not -1",
		"host:grpc":                      "the port must be from 1 to 65535, not grpc",
		":99999":                         "the port must be from 1 to 65535, not 99999",
		"[::1]:70000":                    "the port must be from 1 to 65535, not 70000",
		"dns:///host:99999":              "the port must be from 1 to 65535, not 99999",
		"dns:host:99999":                 "the port must be from 1 to 65535, not 99999",
		"dns://8.8.8.8/host:1x":          "the port must be from 1 to 65535, not 1x",
		"passthrough:///host:99999":      "the port must be from 1 to 65535, not 99999",
		"":                               "must be HOST:PORT",
		"dns:///":                        "must be HOST:PORT",
		"host:":                          "must be HOST:PORT",
		"host:1:2":                       "must be HOST:PORT",
		"[::1":                           "must be HOST:PORT",
		"host:1/path":                    "must be HOST:PORT",
		"xds:///topics":                  `no resolver for the scheme "xds"`,
		"ftp://host:1":                   `no resolver for the scheme "ftp"`,
	} {
		client, err := questiontopic.New(target, questiontopic.Plaintext())
		if err == nil || !strings.HasPrefix(err.Error(), "questiontopic: address: ") ||
			!strings.Contains(err.Error(), want) || client != nil {
			t.Errorf("%q: got client %v, error %v, want %s", target, client, err, want)
		}
	}
}

func TestNewAcceptsEveryTargetOfGRPC(t *testing.T) {
	own := manual.NewBuilderWithScheme("xds")
	for _, target := range []string{
		"host:1", "host:65535", "host", "127.0.0.1", "127.0.0.1:1", "[::1]:1", "[::1]", "::1", "::", ":1", "HOST:1",
		"dns:host:1", "dns:///host:1", "dns:///host", "dns:///[::1]:1", "dns://8.8.8.8/host:1", "DNS:///host:1",
		"passthrough:///host:1", "passthrough:///[::1]:1", "passthrough:///bufnet", "passthrough:///vsock:2:1",
		"passthrough:///unix:///run/topics.sock", "unix:run/topics.sock", "unix:///run/topics.sock",
		"unix:///run/topics:99999", "unix-abstract:topics:grpc", "xds:///topics:grpc",
	} {
		client, err := questiontopic.New(target, questiontopic.Plaintext(),
			questiontopic.WithDialOptions(grpc.WithResolvers(own)))
		if err != nil {
			t.Errorf("%s: got %v", target, err)
			continue
		}
		_ = client.Close()
	}
}

const proxiedTarget = "QUESTIONTOPIC_TEST_PROXIED_TARGET"

// TestACallThroughAProxy is not a test of its own. It is the process that TestLoopbackIsNeverProxied and
// TestOtherHostsAreProxied start, because Go reads the proxy from the environment only once.
func TestACallThroughAProxy(t *testing.T) {
	target := os.Getenv(proxiedTarget)
	if target == "" {
		t.Skip("other tests start it as a process")
	}
	if _, err := newClient(t, target).Predict(t.Context(), coarse, "Who?"); err != nil {
		t.Error(err)
	}
}

// callWithProxy calls target in a process whose environment names a proxy. It returns whether the call was answered,
// and whether the proxy was dialled. The proxy closes each connection.
func callWithProxy(t *testing.T, target string) (answered, dialled bool) {
	t.Helper()
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections := make(chan int)
	go func() {
		count := 0
		for connection, err := proxy.Accept(); err == nil; connection, err = proxy.Accept() {
			count++
			_ = connection.Close()
		}
		connections <- count
	}()
	process := exec.Command(os.Args[0], "-test.run=^TestACallThroughAProxy$")
	process.Env = append(os.Environ(), proxiedTarget+"="+target, "NO_PROXY=", "no_proxy=")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		process.Env = append(process.Env, name+"=http://"+proxy.Addr().String())
	}
	output, err := process.CombinedOutput()
	if err != nil {
		t.Logf("%s: %v: %s", target, err, output)
	}
	_ = proxy.Close()
	return err == nil, <-connections > 0
}

func TestLoopbackIsNeverProxied(t *testing.T) {
	_, port, err := net.SplitHostPort(topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer}))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"localhost", "LOCALHOST", "127.0.0.1", "[::ffff:127.0.0.1]", "", "dns:LocalHost",
		"dns:///localhost", "dns:///Localhost", "dns:///", "passthrough:///localhost", "passthrough:///LOCALHOST",
		"passthrough:///127.0.0.1",
	} {
		if answered, dialled := callWithProxy(t, target+":"+port); !answered || dialled {
			t.Errorf("%s: got answered %v, proxy dialled %v; want true, false", target, answered, dialled)
		}
	}
}

// A machine that runs this test need not have IPv6, or a resolver that knows the absolute name.
func TestLoopbackThatCannotBeReachedIsNotProxiedEither(t *testing.T) {
	for _, target := range []string{"[::1]:1", "dns:///[0:0:0:0:0:0:0:1]:1", "localhost.:1", "127.1:1", "topics.localhost:1", "0.0.0.0:1"} {
		if _, dialled := callWithProxy(t, target); dialled {
			t.Errorf("%s: the proxy was dialled", target)
		}
	}
}

func TestOtherHostsAreProxied(t *testing.T) {
	for _, target := range []string{"topics.test:1", "dns:///localhost.test:1"} {
		if _, dialled := callWithProxy(t, target); !dialled {
			t.Errorf("%s: the proxy was not dialled", target)
		}
	}
}
