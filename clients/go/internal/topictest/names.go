package topictest

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Names is a DNS server on a free port. Every name has the same addresses, which the test may change.
type Names struct {
	Address string

	mutex     sync.Mutex
	addresses []netip.Addr
	given     chan struct{} // Closed when the addresses are given for the first time since they were set.
}

// ServeNames runs a DNS server until the test ends.
func ServeNames(t testing.TB, addresses ...string) *Names {
	t.Helper()
	connection, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	names := &Names{Address: connection.LocalAddr().String()}
	names.Set(addresses...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		names.serve(connection)
	}()
	t.Cleanup(func() {
		_ = connection.Close()
		<-ended
	})
	return names
}

// Set changes the addresses. The channel that it returns is closed when a client has got them.
func (n *Names) Set(addresses ...string) (given <-chan struct{}) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.addresses, n.given = nil, make(chan struct{})
	for _, address := range addresses {
		n.addresses = append(n.addresses, netip.MustParseAddr(address))
	}
	return n.given
}

// serve answers until the connection is closed.
func (n *Names) serve(connection net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		size, client, err := connection.ReadFrom(buffer)
		if err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(buffer[:size]) != nil || len(query.Questions) != 1 {
			continue
		}
		answer, err := n.answer(query)
		if err == nil {
			_, _ = connection.WriteTo(answer, client) // A client asks again if it gets nothing.
		}
	}
}

// answer has no records for other types than A.
func (n *Names) answer(query dnsmessage.Message) ([]byte, error) {
	question := query.Questions[0]
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
		Questions: query.Questions,
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if question.Type == dnsmessage.TypeA {
		for _, address := range n.addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
		select {
		case <-n.given:
		default:
			close(n.given)
		}
	}
	return answer.Pack()
}
