package collect

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awsaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cairn.example/internal/coverage"
	"cairn.example/internal/model"
)

// account is one target as it is being read.
type account struct {
	run    *run
	target Target
	failed *unreadError // whose account it is could not be learned

	mu      sync.Mutex
	clients map[string]client // by Region

	number, caller, partition string
	regions                   model.List[string]
	listed                    map[string][]*model.Trail // by Region: what DescribeTrails answered
	unlisted                  []model.Gap
	trails                    []*model.Trail
	gaps                      []model.Gap
}

// FirstRegion is where identity and Regions are asked for when none is configured.
const FirstRegion = "us-east-1"

func (r *run) account(t Target) *account {
	if t.Config.Region == "" {
		t.Config.Region, t.RegionGuessed = FirstRegion, true
	}
	if t.Config.Credentials != nil {
		t.Config.Credentials = &base{t.Config.Credentials}
	}
	a := &account{
		run: r, target: t, number: cmp.Or(model.ARNAccount(t.Role), t.Account), partition: coverage.PartitionOf(t.Config.Region),
		clients: map[string]client{}, listed: map[string][]*model.Trail{},
	}
	if t.Role != "" {
		a.target.Config.Credentials = r.assumed(t)
	}
	return a
}

// assumed are the role's credentials, asked for once and renewed when they run out. The session name tells
// the account's owner in CloudTrail who was there.
func (r *run) assumed(t Target) aws.CredentialsProvider {
	base := sts.NewFromConfig(r.clientFor(t.Config, t.Config.Region).config, r.first)
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(base, t.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "cairn"
		if t.ExternalID != "" {
			o.ExternalID = &t.ExternalID
		}
	}))
}

// in is the client of a Region.
func (a *account) in(region string) client {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.clients[region]
	if !ok {
		c = a.run.clientFor(a.target.Config, region)
		a.clients[region] = c
	}
	return c
}

// list is the first wave: identity, Regions and the trails of the Regions that every account of the
// partition has start together; the opted-in Regions follow.
func (a *account) list(ctx context.Context) {
	if a.target.Role != "" { // first, so that a refusal is one gap and not the failure of every call
		if _, err := a.target.Config.Credentials.Retrieve(ctx); err != nil {
			a.fail(err, "AssumeRole")
			return
		}
	}
	var wg sync.WaitGroup
	var unidentified error
	rest, giveUp := context.WithCancel(ctx) // what is read of nobody's account need not be waited for
	defer giveUp()
	wg.Go(func() {
		if unidentified = a.identify(ctx); unidentified != nil {
			giveUp()
		}
	})
	wg.Go(func() { a.findRegions(rest) })
	a.listTrails(rest, &wg, coverage.DefaultRegions(a.partition))
	wg.Wait()
	if unidentified != nil {
		a.fail(unidentified, "GetCallerIdentity")
		return
	}
	a.partition = model.ARNPartition(a.caller)
	a.listTrails(ctx, &wg, a.regions.Items)
	wg.Wait()
	a.merge()
}

// listTrails asks for the trails of the Regions that were not asked yet.
func (a *account) listTrails(ctx context.Context, wg *sync.WaitGroup, regions []string) {
	for _, region := range regions {
		a.mu.Lock()
		_, asked := a.listed[region]
		if !asked {
			a.listed[region] = nil // asked from here on
		}
		a.mu.Unlock()
		if !asked {
			wg.Go(func() { a.describe(ctx, region) })
		}
	}
}

// fail gives up on the account: nothing can be said of it.
func (a *account) fail(err error, call string) {
	g := a.gap(err, call, a.target.Config.Region, a.target.Role)
	if call == "AssumeRole" {
		g.Permission = "sts:AssumeRole"
	}
	a.failed = &unreadError{call: call, region: a.target.Config.Region, guessed: a.target.RegionGuessed, err: err}
	g.Region = "" // the account is one, wherever it was asked for
	a.gaps, a.trails = []model.Gap{g}, nil
	a.regions = model.List[string]{Gaps: a.gaps}
	a.unlisted = a.gaps
}

func (a *account) identify(ctx context.Context) error {
	out, err := sts.NewFromConfig(a.in(a.target.Config.Region).config, a.run.first).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err == nil && (aws.ToString(out.Account) == "" || aws.ToString(out.Arn) == "") {
		err = lacks("Account")
	}
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number, a.caller = *out.Account, *out.Arn
	return nil
}

// findRegions asks account:ListRegions, else ec2:DescribeRegions, else takes the Regions that every
// account of the partition has and leaves a gap: opt-in Regions may be enabled besides.
func (a *account) findRegions(ctx context.Context) {
	found, err := a.accountRegions(ctx)
	if err == nil {
		a.regions = model.List[string]{Items: found}
		return
	}
	first := a.gap(err, "ListRegions", a.target.Config.Region, "")
	found, err = a.ec2Regions(ctx)
	if err == nil {
		first.AnsweredBy = "DescribeRegions"
		a.note(first)
		a.regions = model.List[string]{Items: found}
		return
	}
	a.note(first)
	second := a.note(a.gap(err, "DescribeRegions", a.target.Config.Region, ""))
	a.regions = model.List[string]{Items: coverage.DefaultRegions(a.partition), Gaps: []model.Gap{first, second}}
}

// maxPages is far more than there can be: a page holds every Region. An answer that goes on for ever must not.
const maxPages = 20

func (a *account) accountRegions(ctx context.Context) ([]string, error) {
	pages := awsaccount.NewListRegionsPaginator(awsaccount.NewFromConfig(a.in(a.target.Config.Region).config),
		&awsaccount.ListRegionsInput{MaxResults: aws.Int32(50)})
	var found []string
	for n := 0; pages.HasMorePages(); n++ {
		if n == maxPages {
			return nil, lacks("end: it goes on page after page")
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if page.Regions == nil {
			return nil, lacks("Regions")
		}
		for _, r := range page.Regions {
			name := aws.ToString(r.RegionName)
			if name == "" || !slices.Contains(r.RegionOptStatus.Values(), r.RegionOptStatus) {
				return nil, lacks("RegionName, or no RegionOptStatus that is known, in an entry")
			}
			if enabled(r.RegionOptStatus) {
				found = append(found, name)
			}
		}
	}
	return sorted(found)
}

// enabled counts ENABLING: events are recorded there already, and single-Region trails may be.
func enabled(s types.RegionOptStatus) bool {
	return s == types.RegionOptStatusEnabled || s == types.RegionOptStatusEnabledByDefault || s == types.RegionOptStatusEnabling
}

func (a *account) ec2Regions(ctx context.Context) ([]string, error) {
	out, err := ec2.NewFromConfig(a.in(a.target.Config.Region).config).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, r := range out.Regions {
		name := aws.ToString(r.RegionName)
		if name == "" || r.OptInStatus == nil {
			return nil, lacks("regionName or optInStatus in an entry")
		}
		if *r.OptInStatus != "not-opted-in" && coverage.PartitionOf(name) == a.partition {
			found = append(found, name)
		}
	}
	return sorted(found)
}

// sorted refuses an empty list: every account has Regions.
func sorted(regions []string) ([]string, error) {
	if len(regions) == 0 {
		return nil, lacks("enabled Region")
	}
	slices.Sort(regions)
	return slices.Compact(regions), nil
}

// model is the account as it was read.
func (a *account) model() *model.Account {
	out := &model.Account{
		ID: a.number, Caller: a.caller, Partition: a.partition, Regions: a.regions,
		Trails: model.List[*model.Trail]{Items: a.trails, Gaps: a.unlisted}, Gaps: a.gaps,
	}
	if a.failed != nil {
		out.Caller = ""
	}
	for _, gaps := range [][]model.Gap{out.Regions.Gaps, out.Trails.Gaps, out.Gaps} {
		for i := range gaps {
			gaps[i].Account = a.number
		}
		model.SortGaps(gaps)
	}
	if out.Regions.Items == nil {
		out.Regions.Items = []string{}
	}
	if out.Trails.Items == nil {
		out.Trails.Items = []*model.Trail{}
	}
	return out
}
