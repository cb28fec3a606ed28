package main

const usage = `Usage: questiontopic [flags] [text ...]

Tells what questions ask for: a person, a place, a number, a definition and so on.
Each text is one question. Without texts, reads one a line from standard input; blank lines are skipped.

Server:
  --address HOST:PORT       the server (default localhost:50051, or the environment's QUESTIONTOPIC_ADDRESS)
  --plaintext               talk unencrypted; the default if the address is loopback
  --tls                     talk TLS; any other address needs one of the two
  --ca FILE                 with --tls: PEM certificates to trust (default the system's)
  --cert FILE, --key FILE   with --tls: PEM certificate and key to present (mutual TLS)
  --server-name NAME        with --tls: the name to verify instead of the address's host
  --model NAME              the bundle that must answer (default any)

Answers:
  --label-level LEVEL       coarse, fine or both (default coarse)
  --output FORMAT           table or jsonl, which is one JSON object a line (default table)

Calls:
  --timeout SECONDS         the deadline of each call (default 10)
  --texts-per-call N        texts of standard input in one call, 1 to 512 (default 64)
  --in-flight N             calls at once, 1 to 1024 (default 4); answers stay in input order

  --version                 print the version
  --help                    print this text

Flags come before texts; -- ends the flags.
Exit status: 0 every text was answered, 1 a call failed, 2 wrong usage.
`
