package admission

import "encoding/binary"

// HTTP/2's frames (RFC 9113, sections 4.1 and 6), as far as they matter here.
const (
	preface   = len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	headSize  = 9
	mostFrame = 16_384 // Bytes of a frame's payload, which nobody may exceed who was told no other size.

	data         = 0x0
	headers      = 0x1
	resetStream  = 0x3
	settings     = 0x4
	windowUpdate = 0x8
	continuation = 0x9

	endStream  = 0x1
	endHeaders = 0x4
	padded     = 0x8
	priority   = 0x20

	acknowledged = 0x1 // Of settings.
	tableSetting = 0x1 // HEADER_TABLE_SIZE.
	settingSize  = 6
	noError      = 0x0
)

// head is what a frame begins with.
type head struct {
	length int
	kind   byte
	flags  byte
	stream uint32
}

func readHead(from []byte) head {
	return head{
		length: int(from[0])<<16 | int(from[1])<<8 | int(from[2]), kind: from[3], flags: from[4],
		stream: binary.BigEndian.Uint32(from[5:]) &^ (1 << 31),
	}
}

func (h head) append(to []byte) []byte {
	to = append(to, byte(h.length>>16), byte(h.length>>8), byte(h.length), h.kind, h.flags)
	return binary.BigEndian.AppendUint32(to, h.stream)
}

func (h head) has(flag byte) bool {
	return h.flags&flag != 0
}

// appendBlock adds frames with a block of headers.
func appendBlock(to []byte, stream uint32, block []byte, flags byte) []byte {
	for kind := byte(headers); ; kind, flags = continuation, 0 {
		part := block[:min(len(block), mostFrame)]
		if block = block[len(part):]; len(block) == 0 {
			flags |= endHeaders
		}
		to = append(head{len(part), kind, flags, stream}.append(to), part...)
		if len(block) == 0 {
			return to
		}
	}
}
