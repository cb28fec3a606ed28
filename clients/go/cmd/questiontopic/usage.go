package main

const usage = `Usage: questiontopic [flags] [text ...]

Tells what each question asks for: a person, a place, a number, a definition and so on.
Each text is one question. Without texts, the command reads standard input, which is UTF-8:
each line is one text. Each line of input gets one line of output. A blank line is not sent:
its topic and its confidence are -, and in JSON lines its error is "blank".

Server:
  --address HOST:PORT       the server (default localhost:50051, or the environment variable QUESTIONTOPIC_ADDRESS)
  --plaintext               connect without encryption; the default for a loopback address
  --tls                     connect with TLS; any other address needs --tls or --plaintext
  --ca FILE                 with --tls: PEM certificates to trust (default the system's)
  --cert FILE, --key FILE   with --tls: the client's PEM certificate and private key, for mutual TLS
  --server-name NAME        with --tls: the name in the server's certificate (default the address's host)
  --token-file FILE         the token that says who calls (default the environment variable QUESTIONTOPIC_TOKEN)
  --model NAME              the bundle that must answer (default any)

Answers:
  --label-level LEVEL       coarse, fine or both (default coarse)
  --output FORMAT           table, or jsonl, which is one JSON object a line (default table)
  --none-from SCORE         in a table, mark each text whose probability to belong to none of the labels is at least
                            SCORE, if the model has this score; jsonl always has it (default 0.5)

Texts without an answer:
  --skip-blank              leave out the blank lines of standard input
  --on-error ACTION         stop at the first text that cannot be answered, or skip it: its topic and its confidence
                            are -, or in JSON lines it has an error; standard error says why (default stop)

Calls:
  --timeout SECONDS         deadline of each call (default 10)
  --texts-per-call N        lines of standard input in one call, 1 to 512 (default 64)
  --in-flight N             calls at the same time, 1 to 1024 (default 4); answers keep the order of the texts

  --labels                  print the labels of the model and what they stand for, and ask nothing
  --version                 print the version
  --help                    print this text

Flags come before texts; -- ends the flags.
Exit status: 0 if every text was answered, 1 if a call failed, 2 for wrong usage, 3 if --on-error skip left texts without an answer.
`
