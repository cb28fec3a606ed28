package questiontopic

// Version is the version of this module, MAJOR.MINOR.PATCH. The server sees it in the user agent.
const Version = "0.1.0"
