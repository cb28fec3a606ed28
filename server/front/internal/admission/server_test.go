package admission_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/question-topic/question-topic/server/front/internal/admission"
)

const (
	gated = "/test.Echo/Gated"
	free  = "/test.Echo/Free"
)

// server answers with what it was sent, on both methods, and refuses calls of one.
type server struct {
	connections []*grpc.ClientConn
	entered     atomic.Int64 // Calls that gRPC has made something of.
}

func serve(t *testing.T, refuse admission.Refuse, options ...grpc.ServerOption) *server {
	t.Helper()
	plaintext := insecure.NewCredentials()
	return serveWith(t, plaintext, plaintext, refuse, options...)
}

func serveWith(
	t *testing.T, own, callers credentials.TransportCredentials, refuse admission.Refuse, options ...grpc.ServerOption,
) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	options = append(options, grpc.Creds(admission.Credentials(own, gated, refuse)))
	served := grpc.NewServer(options...)
	echo := func(
		_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
	) (any, error) {
		s.entered.Add(1)
		var sent wrapperspb.BytesValue
		if err := decode(&sent); err != nil {
			return nil, err
		}
		received, _ := metadata.FromIncomingContext(ctx)
		trailer := metadata.MD{}
		for name, values := range received {
			if strings.HasPrefix(name, "x-") {
				trailer[name] = values
			}
		}
		return &sent, grpc.SetTrailer(ctx, trailer)
	}
	served.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Echo", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Gated", Handler: echo}, {MethodName: "Free", Handler: echo}},
	}, s)
	ended := make(chan error)
	go func() { ended <- served.Serve(slowly{listener}) }()
	t.Cleanup(func() {
		served.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for range 3 {
		connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(callers))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		s.connections = append(s.connections, connection)
	}
	return s
}

// slowly reads a few bytes at a time, now and then.
type slowly struct{ net.Listener }

func (s slowly) Accept() (net.Conn, error) {
	accepted, err := s.Listener.Accept()
	return slow{accepted}, err
}

type slow struct{ net.Conn }

func (s slow) Read(into []byte) (int, error) {
	if few := 1 + rand.IntN(20); rand.IntN(2) == 0 && len(into) > few {
		into = into[:few]
	}
	return s.Conn.Read(into)
}

// refuse refuses calls by how long they have to go, in tens of minutes.
func refuse(left time.Duration) error {
	if number := int(left.Minutes()) / 10; number < 3 {
		return refusal(number)
	}
	return nil
}

func refusal(number int) error {
	said := status.New(codes.ResourceExhausted, fmt.Sprintf("100 %% für\n%d", number))
	said, err := said.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(number) * time.Second)})
	if err != nil {
		panic(err)
	}
	return said.Err()
}

// ask makes a call with random metadata. If it should be refused it demands that refusal, else all that it sent.
func (s *server) ask(t *testing.T, method string, random *rand.Rand) (refused bool) {
	number := random.IntN(6)
	refused = method == gated && number < 3
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(number*10+9)*time.Minute)
	defer cancel()
	var want []string
	for name := range random.IntN(4) {
		name := fmt.Sprintf("x-%d", name)
		value := strings.Repeat(fmt.Sprint(random.IntN(3)), 1+random.IntN(100)) // Often known already.
		if random.IntN(30) == 0 {
			value = strings.Repeat("large", 5_000) // Fills more than a frame.
		}
		ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		want = append(want, name, value)
	}
	size := random.IntN(100)
	if random.IntN(20) == 0 {
		size = random.IntN(200_000) // More than a window.
	}
	sent := wrapperspb.Bytes([]byte(strings.Repeat("m", size)))
	var got wrapperspb.BytesValue
	var trailer metadata.MD
	err := s.connections[random.IntN(len(s.connections))].Invoke(ctx, method, sent, &got, grpc.Trailer(&trailer))
	if refused {
		if want := status.Convert(refusal(number)); status.Convert(err).String() != want.String() {
			t.Errorf("got %v, want %v", err, want)
		}
		return true
	}
	if err != nil || len(got.GetValue()) != size {
		t.Errorf("got %d bytes, %v, want %d", len(got.GetValue()), err, size)
	}
	for i := 0; i < len(want); i += 2 {
		if values := trailer.Get(want[i]); len(values) != 1 || values[0] != want[i+1] {
			t.Errorf("got other metadata: %s", want[i])
		}
	}
	return false
}

func TestCallsAreRefusedOrAnsweredWholeWhateverIsRefusedBesideThem(t *testing.T) {
	for _, writeBuffer := range []int{0, 7, 32 * 1024} {
		t.Run(fmt.Sprintf("write buffer %d", writeBuffer), func(t *testing.T) {
			s := serve(t, refuse, grpc.ReadBufferSize(0), grpc.WriteBufferSize(writeBuffer))
			const callers, calls = 20, 30
			var refused atomic.Int64
			var group sync.WaitGroup
			for caller := range callers {
				group.Go(func() {
					random := rand.New(rand.NewPCG(2, uint64(caller)))
					for range calls {
						if s.ask(t, []string{gated, gated, free}[random.IntN(3)], random) {
							refused.Add(1)
						}
					}
				})
			}
			group.Wait()
			if got := s.entered.Load(); got != callers*calls-refused.Load() {
				t.Errorf("of %d calls %d should be refused, gRPC saw %d", callers*calls, refused.Load(), got)
			}
		})
	}
}

// Were records of TLS read as slowly as the network, one a pause, these calls would expire.
func TestAFloodIsRefusedInTimeOverTLSToo(t *testing.T) {
	own, callers := certified(t)
	plaintext := insecure.NewCredentials()
	for name, pair := range map[string][2]credentials.TransportCredentials{"TLS": {own, callers}, "plaintext": {plaintext, plaintext}} {
		t.Run(name, func(t *testing.T) {
			s := serveWith(t, pair[0], pair[1], func(time.Duration) error { return refusal(1) }, grpc.ReadBufferSize(0))
			var group sync.WaitGroup
			for range 3_000 {
				time.Sleep(500 * time.Microsecond) // Each comes in a record of its own.
				group.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					defer cancel()
					err := s.connections[0].Invoke(ctx, gated, wrapperspb.Bytes(nil), &wrapperspb.BytesValue{})
					if status.Code(err) != codes.ResourceExhausted {
						t.Errorf("got %v", err)
					}
				})
			}
			group.Wait()
		})
	}
}

// certified are a server's credentials and those of its callers.
func certified(t *testing.T) (own, callers credentials.TransportCredentials) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.EnableHTTP2 = true
	server.StartTLS() // For its certificate.
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return credentials.NewTLS(&tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}),
		credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12})
}

func TestWhatIsLeftIsTheCallersDeadline(t *testing.T) {
	left := make(chan time.Duration, 1)
	s := serve(t, func(given time.Duration) error {
		left <- given
		return nil
	})
	for want, most := range map[time.Duration]time.Duration{
		50 * time.Second: 50 * time.Second, 30 * time.Hour: 30 * time.Hour, 0: 1<<63 - 1,
	} {
		ctx := t.Context()
		if want > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, want)
			defer cancel()
		}
		var got wrapperspb.BytesValue
		if err := s.connections[0].Invoke(ctx, gated, wrapperspb.Bytes(nil), &got); err != nil {
			t.Error(err)
		}
		if given := <-left; given > most || given < most-2*time.Minute {
			t.Errorf("%v were given, %v are left", most, given)
		}
	}
}
