package collect

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"cairn.example/internal/model"
)

// What is asked of a bucket, and a part of the answer. They are aliases, as [Message] is.
type (
	// Listing is what to list.
	Listing = struct{ Prefix, StartAfter, Delimiter, Token string }
	// Page is a part of a list.
	Page = struct {
		Keys    []string
		Folders []string // with the prefix, and the delimiter at the end
		Next    string   // the token of the next page, "" after the last
	}
)

// Buckets are all the buckets that an account may read, in whatever Region they are. They are safe for concurrent use.
type Buckets struct {
	account *account

	mu      sync.Mutex
	clients map[string]*s3.Client // by Region
	regions map[string]string     // by bucket, where it is not in the configured one
}

// NewBuckets are the buckets that a target may read. The options' facts are not looked at.
func NewBuckets(t Target, o Options) *Buckets {
	o.Rate = cmp.Or(o.Rate, storeRate)
	return &Buckets{account: newRun(o).account(t), clients: map[string]*s3.Client{}, regions: map[string]string{}}
}

// Get returns an object's content as it is stored, and its size, or -1. An error, also of the content's, is a
// [*CallError], unless the context ended.
func (b *Buckets) Get(ctx context.Context, bucket, key string) (body io.ReadCloser, size int64, err error) {
	var out *s3.GetObjectOutput
	region, err := b.try(ctx, bucket, func(c *s3.Client) (err error) {
		out, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		return err
	})
	g := model.Gap{Call: "GetObject", Region: region, Resource: "s3://" + bucket + "/" + key, Permission: "s3:GetObject"}
	if err != nil {
		return nil, 0, b.failed(ctx, err, g)
	}
	size = -1
	if out.ContentLength != nil {
		size = *out.ContentLength
	}
	return &content{out.Body, func(err error) error { return b.failed(ctx, err, g) }}, size, nil
}

// content is an object's content, with errors that say what failed.
type content struct {
	io.ReadCloser
	word func(error) error
}

// Read reads on.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.word(err)
	}
	return n, err
}

// List lists the keys and folders with a prefix. An error is a [*CallError], unless the context ended.
func (b *Buckets) List(ctx context.Context, bucket string, l Listing) (Page, error) {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &l.Prefix, EncodingType: types.EncodingTypeUrl}
	if l.Delimiter != "" {
		in.Delimiter = &l.Delimiter
	}
	if l.Token != "" {
		in.ContinuationToken = &l.Token
	} else if l.StartAfter != "" {
		in.StartAfter = &l.StartAfter
	}
	var out *s3.ListObjectsV2Output
	region, err := b.try(ctx, bucket, func(c *s3.Client) (err error) {
		out, err = c.ListObjectsV2(ctx, in)
		return err
	})
	var page Page
	if err == nil {
		page, err = pageOf(out)
	}
	if err != nil {
		return Page{}, b.failed(ctx, err, model.Gap{Call: "ListObjectsV2", Region: region, Resource: "s3://" + bucket, Permission: "s3:ListBucket"})
	}
	return page, nil
}

// pageOf decodes an answer. Its keys are encoded, since XML cannot hold each character that a key can, and one such key
// would hide all the others.
func pageOf(out *s3.ListObjectsV2Output) (page Page, err error) {
	decode := func(s *string) string {
		text := aws.ToString(s)
		if out.EncodingType == types.EncodingTypeUrl {
			plain, wrong := url.QueryUnescape(text)
			text, err = plain, errors.Join(err, wrong)
		}
		return text
	}
	for _, one := range out.Contents {
		page.Keys = append(page.Keys, decode(one.Key))
	}
	for _, one := range out.CommonPrefixes {
		page.Folders = append(page.Folders, decode(one.Prefix))
	}
	if aws.ToBool(out.IsTruncated) {
		if page.Next = aws.ToString(out.NextContinuationToken); page.Next == "" {
			err = errors.Join(err, lacks("NextContinuationToken"))
		}
	}
	return page, err
}

// try makes a call where the bucket is, and tells in which Region that was. S3 names the bucket's own Region when it is
// asked in another.
func (b *Buckets) try(ctx context.Context, bucket string, call func(*s3.Client) error) (region string, err error) {
	region = b.regionOf(bucket)
	if err := b.account.assume(ctx); err != nil {
		return region, err
	}
	err = call(b.in(region))
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.Response == nil {
		return region, err
	}
	other := answer.Response.Header.Get("X-Amz-Bucket-Region")
	if other == region || !regionName.MatchString(other) { // or the answer could name any host
		return region, err
	}
	b.mu.Lock()
	b.regions[bucket] = other
	b.mu.Unlock()
	return other, call(b.in(other))
}

func (b *Buckets) regionOf(bucket string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.regions[bucket], b.account.target.Config.Region)
}

// in is the client of a Region.
func (b *Buckets) in(region string) *s3.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.clients[region]
	if !ok {
		c = s3.NewFromConfig(b.account.in(region).config, func(o *s3.Options) {
			o.UsePathStyle = o.BaseEndpoint != nil && noNames(*o.BaseEndpoint)
			o.DisableLogOutputChecksumValidationSkipped = true // old objects have none
		})
		b.clients[region] = c
	}
	return c
}

// noNames tells an endpoint that has no name for each bucket: an address, or a host with a port.
func noNames(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Port() != "" || u.Hostname() == "localhost" || net.ParseIP(u.Hostname()) != nil)
}

func (b *Buckets) failed(ctx context.Context, err error, g model.Gap) error {
	if known, ok := errors.AsType[*CallError](err); ok {
		return known
	}
	return b.account.callFailed(ctx, err, g)
}
