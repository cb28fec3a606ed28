package admission

import (
	"encoding/binary"
	"net"
)

// reader hands on what the caller sends, but for the headers of refused calls and the message that comes at once. What
// else follows on their streams goes through: gRPC ignores streams that it does not know, and accounts for their bytes.
type reader struct {
	raw   net.Conn
	below *paced
	gate  *gate
	out   *writer

	buffer  []byte // What has been read ahead.
	rest    []byte // Of it, what has not been looked at.
	through int    // Bytes that go on as they are.
	skip    int    // Bytes that nobody gets.
	made    []byte // Frames with headers, to go on before anything else.
	gone    int    // Bytes of made that have gone on.

	refused uint32 // The newest stream that was refused.
	floods  int    // Refusals by overload since the last reading.
	freed   int    // Bytes of skipped messages since the last reading.
}

func (r *reader) read(into []byte) (int, error) {
	for {
		switch {
		case r.gone < len(r.made):
			count := copy(into, r.made[r.gone:])
			r.gone += count
			return count, nil
		case r.skip > 0:
			if err := r.need(1); err != nil {
				return 0, err
			}
			count := min(len(r.rest), r.skip)
			r.rest, r.skip = r.rest[count:], r.skip-count
		case r.through > 0:
			if err := r.need(1); err != nil {
				return 0, err
			}
			count := copy(into, r.rest[:min(len(r.rest), r.through)])
			r.rest, r.through = r.rest[count:], r.through-count
			return count, nil
		default:
			if err := r.frame(); err != nil {
				return 0, err
			}
		}
	}
}

// frame looks at the next one.
func (r *reader) frame() error {
	if err := r.need(headSize); err != nil {
		return err
	}
	head := readHead(r.rest)
	if r.gate.open != (head.kind == continuation) || r.gate.open && head.stream != r.gate.stream {
		return errHeaders
	}
	switch {
	case head.kind == headers, head.kind == continuation:
		return r.block(head)
	case head.kind == data && head.stream == r.refused && r.refused > 0:
		r.skip = headSize + head.length
		r.freed += head.length
	case head.kind == settings && !head.has(acknowledged) && head.length <= mostFrame:
		if err := r.need(headSize + head.length); err != nil {
			return err
		}
		r.gate.agree(r.rest[headSize : headSize+head.length])
		r.through = headSize + head.length
	default:
		r.through = headSize + head.length
	}
	return nil
}

// block reads a frame with headers, and at their end decides.
func (r *reader) block(head head) error {
	if head.length > mostFrame {
		return errHeaders
	}
	if err := r.need(headSize + head.length); err != nil {
		return err
	}
	part := r.rest[headSize : headSize+head.length]
	r.rest = r.rest[headSize+head.length:]
	if head.kind == headers {
		var err error
		if part, err = fragment(head, part); err != nil {
			return err
		}
		r.gate.begin(head.stream, head.has(endStream))
	}
	if err := r.gate.add(part); err != nil || !head.has(endHeaders) {
		return err
	}
	passed, refused, err := r.gate.decide()
	switch {
	case err != nil:
		return err
	case refused != nil:
		r.refused = head.stream
		if refused.overload {
			r.floods++
		}
		r.out.refuse(head.stream, refused.block.Bytes(), r.gate.ended)
	default:
		flags := byte(0)
		if r.gate.ended {
			flags = endStream
		}
		r.made, r.gone = appendBlock(kept(r.made), head.stream, passed, flags), 0
	}
	return nil
}

// fragment is a HEADERS frame's part of the block.
func fragment(head head, payload []byte) ([]byte, error) {
	before, after := 0, 0
	if head.has(padded) && len(payload) > 0 {
		before, after = 1, int(payload[0])
	}
	if head.has(priority) {
		before += 5
	}
	if before+after > len(payload) {
		return nil, errHeaders
	}
	return payload[before : len(payload)-after], nil
}

// need waits until so many bytes, at most a frame's, have been read ahead. What this side owes goes out before.
func (r *reader) need(count int) error {
	for len(r.rest) < count {
		if r.buffer == nil {
			r.buffer = make([]byte, readAhead)
		}
		have := copy(r.buffer, r.rest)
		if r.freed > 0 {
			r.out.send(head{4, windowUpdate, 0, 0}, binary.BigEndian.AppendUint32(nil, uint32(r.freed)))
			r.freed = 0
		}
		if err := r.out.flush(); err != nil {
			return err
		}
		if r.floods > 0 {
			r.below.refused(r.floods)
			r.floods = 0
		}
		read, err := r.raw.Read(r.buffer[have:])
		r.rest = r.buffer[:have+read]
		if err != nil && len(r.rest) < count {
			return err
		}
	}
	return nil
}

// kept is an empty buffer to be filled anew, unless it has become too large for that.
func kept(buffer []byte) []byte {
	if cap(buffer) > mostKept {
		return nil
	}
	return buffer[:0]
}
