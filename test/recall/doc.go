// Package recall measures what the detections find in labelled logs of others, and what they find that nobody
// labelled: `make recall` writes docs/recall.md. The logs are not in this repository; CAIRN_CORPUS names the folder that
// has them in logs/. Which label asks for what is labels.txt.
package recall
