// Drives the sandbox's Salesforce look-alike with jsforce, a client this project did not write. Ends with 1 on any difference.
//
//   node jsforce.mjs '{"url":"http://127.0.0.1:7701","config":{"client_id":"…","client_secret":"…","instance_url":"…"}}'
//
// The JSON (first argument, or SYNCLINE_SANDBOX) is a place of the sandbox, a list of places, or an object that holds such a list.
import assert from 'node:assert/strict';
import jsforce from 'jsforce';

const { Connection } = jsforce;
const VERSION = '67.0';

function place() {
  const text = process.argv[2] ?? process.env.SYNCLINE_SANDBOX;
  if (!text) throw new Error('Give the look-alike\'s address and credentials as JSON: first argument, or SYNCLINE_SANDBOX.');
  const given = JSON.parse(text);
  const list = [given, ...Object.values(given)].find(Array.isArray);
  const crm = list ? list.find((one) => one.system === 'crm' || one.connector === 'salesforce') : given.crm ?? given;
  if (!crm?.config?.client_id) throw new Error('The JSON holds no CRM with its config.');
  return crm;
}

const { url, config } = place();
const mark = `js-${Date.now().toString(36)}`;
let passed = 0;

async function check(what, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok   ${what}`);
  } catch (error) {
    console.error(`FAIL ${what}\n${error.stack ?? error}`);
    process.exitCode = 1;
  }
}

async function refused(work, code) {
  await assert.rejects(work, (error) => {
    assert.equal(error.errorCode, code, error.message);
    return true;
  });
}

async function signIn() {
  const conn = new Connection({ version: VERSION, oauth2: { loginUrl: config.instance_url, clientId: config.client_id, clientSecret: config.client_secret } });
  const user = await conn.authorize({ grant_type: 'client_credentials' });
  return { conn, user };
}

const { conn: signedIn, user } = await signIn();
const conn = new Connection({
  instanceUrl: signedIn.instanceUrl,
  accessToken: signedIn.accessToken,
  version: VERSION,
  refreshFn: (_conn, done) => signIn().then(({ conn: fresh }) => done(null, fresh.accessToken), done),
});
const accounts = conn.sobject('Account');
const made = [];

await check('signs in with client credentials', () => {
  assert.equal(signedIn.instanceUrl, config.instance_url);
  assert.match(user.organizationId, /^00D\w{15}$/);
  assert.match(user.id, /^005\w{15}$/);
});

await check('refuses a wrong secret', async () => {
  const wrong = new Connection({ version: VERSION, oauth2: { loginUrl: config.instance_url, clientId: config.client_id, clientSecret: 'wrong' } });
  await assert.rejects(wrong.authorize({ grant_type: 'client_credentials' }), /invalid_client|invalid client/);
});

await check('describes the org', async () => {
  const all = await conn.describeGlobal();
  for (const name of ['Account', 'Contact', 'Lead', 'Opportunity', 'User']) assert.ok(all.sobjects.some((one) => one.name === name && one.queryable), name);
  const { fields } = await conn.describe('Opportunity');
  const field = (name) => fields.find((one) => one.name === name);
  assert.deepEqual(field('StageName').picklistValues.map((one) => one.value), ['Qualification', 'Proposal', 'Negotiation', 'Closed Won', 'Closed Lost']);
  assert.deepEqual(field('AccountId').referenceTo, ['Account']);
  assert.equal(field('PRM_Deal_Key__c').externalId && field('PRM_Deal_Key__c').unique, true);
  assert.equal(field('Name').length, 120);
});

await check('creates 450 records by collections', async () => {
  const records = Array.from({ length: 450 }, (_, n) => ({ Name: `${mark} ${String(n).padStart(3, '0')}`, Syncline_Id__c: `${mark}-${n}`, NumberOfEmployees: n }));
  const results = await accounts.create(records, { allowRecursive: true });
  assert.equal(results.length, 450);
  for (const result of results) {
    assert.equal(result.success, true);
    made.push(result.id);
  }
  assert.equal(new Set(made).size, 450);
});

await check('queries page by page', async () => {
  const soql = `SELECT Id, Name, NumberOfEmployees, SystemModstamp FROM Account WHERE Name LIKE '${mark} %' ORDER BY Name DESC`;
  let page = await conn.query(soql, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  const seen = [...page.records];
  let pages = 1;
  while (!page.done) {
    // jsforce completes the path with the instance's URL.
    assert.match(new URL(page.nextRecordsUrl, url).pathname, /^\/services\/data\/v67\.0\/query\/0r8\w+-\d+$/);
    page = await conn.queryMore(page.nextRecordsUrl, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
    seen.push(...page.records);
    pages += 1;
  }
  assert.equal(page.totalSize, 450);
  assert.equal(pages, 3);
  assert.deepEqual(seen.map((record) => record.NumberOfEmployees), Array.from({ length: 450 }, (_, n) => 449 - n));
  assert.match(seen[0].SystemModstamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  assert.equal(seen[0].attributes.url, `/services/data/v67.0/sobjects/Account/${seen[0].Id}`);
  await refused(conn.queryMore('/services/data/v67.0/query/0r8xx00000000AB-2000'), 'INVALID_QUERY_LOCATOR');
});

await check('counts, and finds by several conditions', async () => {
  const { totalSize } = await conn.query(`SELECT COUNT() FROM Account WHERE Name LIKE '${mark}%' AND (NumberOfEmployees < 10 OR NumberOfEmployees IN (100, 101)) AND Phone = null`);
  assert.equal(totalSize, 12);
  const found = await accounts.find({ Syncline_Id__c: `${mark}-7` }, ['Id', 'Name']);
  assert.deepEqual(found.map((record) => record.Name), [`${mark} 007`]);
});

let single;
await check('creates, reads and updates one record', async () => {
  const saved = await accounts.create({ Name: `  ${mark} single  `, Phone: '', Website: 'https://example.com', AnnualRevenue: 1000 });
  assert.equal(saved.success, true);
  single = saved.id;
  let read = await accounts.retrieve(single);
  assert.equal(read.Name, `${mark} single`);
  assert.equal(read.Phone, null);
  assert.equal(read.AnnualRevenue, 1000);
  assert.equal(read.IsDeleted, false);
  await accounts.update({ Id: single, Phone: '+49 30 1234', Website: null });
  read = await accounts.retrieve(single);
  assert.equal(read.Phone, '+49 30 1234');
  assert.equal(read.Website, null);
  assert.equal((await accounts.retrieve(single.slice(0, 15))).Id, single);
});

await check('reads many at once, null where one is missing', async () => {
  const body = { ids: [made[2], '001000000000000AAA', made[0]], fields: ['Id', 'Name'] };
  const read = await conn.request({ method: 'POST', url: '/composite/sobjects/Account', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  assert.deepEqual(read.map((record) => record?.Id ?? null), [made[2], null, made[0]]);
});

await check('upserts by external id, alone and in a collection', async () => {
  const record = { Name: `${mark} upserted`, ERP_Number__c: `${mark} 4711` };
  const first = await accounts.upsert(record, 'ERP_Number__c');
  assert.equal(first.created, true);
  const second = await accounts.upsert({ ...record, Name: `${mark} again` }, 'ERP_Number__c');
  assert.equal(second.created, false);
  assert.equal(second.id, first.id);
  const results = await accounts.upsert([{ Name: `${mark} third`, ERP_Number__c: `${mark} 4711` }, { Name: `${mark} new`, ERP_Number__c: `${mark} 4712` }], 'ERP_Number__c');
  assert.deepEqual(results.map((result) => [result.success, result.created]), [[true, false], [true, true]]);
  assert.equal((await accounts.retrieve(first.id)).Name, `${mark} third`);
  made.push(...results.map((result) => result.id));
});

await check('follows a parent, named by its external id', async () => {
  const deal = { Name: `${mark} deal`, StageName: 'Proposal', CloseDate: '2027-01-31', Amount: 1234.565, Account: { Syncline_Id__c: `${mark}-3` } };
  const { id } = await conn.sobject('Opportunity').create(deal);
  const { records } = await conn.query(`SELECT Amount, CloseDate, IsWon, Account.Name, Account.Owner.Name, Partner__r.Name FROM Opportunity WHERE Id = '${id}' AND Account.Name = '${mark} 003'`);
  assert.equal(records.length, 1);
  assert.equal(records[0].Account.Name, `${mark} 003`);
  assert.equal(records[0].Account.Owner.Name, 'Integration User');
  assert.equal(records[0].Partner__r, null);
  assert.deepEqual([records[0].Amount, records[0].CloseDate, records[0].IsWon], [1234.57, '2027-01-31', false]);
  await conn.sobject('Opportunity').destroy(id);
});

await check('refuses in the vendor\'s words', async () => {
  await refused(accounts.create({ Phone: '1' }), 'REQUIRED_FIELD_MISSING');
  await refused(accounts.create({ Name: 'x'.repeat(256) }), 'STRING_TOO_LONG');
  await refused(accounts.create({ Name: 'x', Type: 'Nonsense' }), 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST');
  await refused(accounts.create({ Name: 'x', Syncline_Id__c: `${mark}-1` }), 'DUPLICATE_VALUE');
  await refused(accounts.create({ Name: 'x', Nonsense__c: '1' }), 'INVALID_FIELD');
  await refused(accounts.create({ Name: 'x', ParentId: '001000000000000AAA' }), 'INVALID_CROSS_REFERENCE_KEY');
  await refused(conn.query('SELECT Nonsense__c FROM Account'), 'INVALID_FIELD');
  await refused(conn.query('SELECT Id FROM Nonsense'), 'INVALID_TYPE');
  await refused(conn.query('SELECT Id FORM Account'), 'MALFORMED_QUERY');
  await refused(accounts.retrieve('001000000000000AAA'), 'NOT_FOUND');
});

await check('tells each record of a collection its own outcome', async () => {
  const results = await accounts.create([{ Name: `${mark} good` }, { Phone: '1' }, { Name: `${mark} twin`, Syncline_Id__c: `${mark}-1` }]);
  assert.deepEqual(results.map((result) => result.success), [true, false, false]);
  assert.equal(results[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  assert.deepEqual(results[1].errors[0].fields, ['Name']);
  assert.equal(results[2].errors[0].statusCode, 'DUPLICATE_VALUE');
  assert.ok(results[2].errors[0].message.includes(made[1].slice(0, 15)));
  made.push(results[0].id);
  const none = await accounts.create([{ Name: `${mark} rolled back` }, { Phone: '1' }], { allOrNone: true });
  assert.equal(none[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  assert.equal((await conn.query(`SELECT COUNT() FROM Account WHERE Name = '${mark} rolled back'`)).totalSize, 0);
});

await check('guards parts of a composite by a date', async () => {
  const part = (referenceId, since) => ({ method: 'PATCH', url: `/services/data/v67.0/sobjects/Account/${single}`, referenceId, httpHeaders: { 'If-Unmodified-Since': since }, body: { Phone: referenceId } });
  const body = { allOrNone: false, compositeRequest: [part('stale', 'Thu, 01 Jan 2026 00:00:00 GMT'), part('fresh', new Date(Date.now() + 60000).toUTCString())] };
  const answer = await conn.request({ method: 'POST', url: '/composite', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  assert.deepEqual(answer.compositeResponse.map((one) => [one.referenceId, one.httpStatusCode]), [['stale', 412], ['fresh', 204]]);
  assert.equal((await accounts.retrieve(single)).Phone, 'fresh');
});

await check('loads and extracts in bulk', async () => {
  const records = [
    { ERP_Number__c: `${mark} b1`, Name: 'Bulk, "one"', Phone: '#N/A' },
    { ERP_Number__c: `${mark} b2`, Name: 'Bulk two', Phone: '2' },
    { ERP_Number__c: `${mark} b3`, Name: 'x'.repeat(256), Phone: '3' },
  ];
  const options = { object: 'Account', operation: 'upsert', externalIdFieldName: 'ERP_Number__c', input: records, pollInterval: 50, pollTimeout: 5000 };
  const done = await conn.bulk2.loadAndWaitForResults(options);
  assert.deepEqual(done.successfulResults.map((row) => [row.sf__Created, row.Name]), [['true', 'Bulk, "one"'], ['true', 'Bulk two']]);
  assert.equal(done.failedResults.length, 1);
  assert.match(done.failedResults[0].sf__Error, /^STRING_TOO_LONG:.*:Name --$/);
  made.push(...done.successfulResults.map((row) => row.sf__Id));
  const stream = await conn.bulk2.query(`SELECT Id, Name, Phone, Owner.Name FROM Account WHERE ERP_Number__c LIKE '${mark} b%' ORDER BY Id`, { pollInterval: 50, pollTimeout: 5000 });
  const rows = await stream.toArray();
  assert.deepEqual(rows.map((row) => [row.Name, row.Phone, row['Owner.Name']]), [['Bulk, "one"', '', 'Integration User'], ['Bulk two', '2', 'Integration User']]);
});

await check('signs in again when the session has ended', async () => {
  const ended = await fetch(`${url}/_sandbox/expire_tokens`, { method: 'POST' });
  assert.equal(ended.ok, true);
  const { totalSize } = await conn.query(`SELECT COUNT() FROM Account WHERE Name LIKE '${mark}%'`);
  assert.ok(totalSize > 450);
  assert.ok(conn.limitInfo.apiUsage.used > 0 && conn.limitInfo.apiUsage.limit > conn.limitInfo.apiUsage.used);
});

await check('deletes, and tells what was deleted', async () => {
  await accounts.destroy(single);
  await refused(accounts.retrieve(single), 'ENTITY_IS_DELETED');
  const results = await accounts.destroy(made, { allowRecursive: true });
  assert.equal(results.every((result) => result.success), true);
  assert.equal((await conn.query(`SELECT COUNT() FROM Account WHERE Name LIKE '${mark}%'`)).totalSize, 0);
  const all = await conn.query(`SELECT Id FROM Account WHERE (Name LIKE '${mark}%' OR ERP_Number__c LIKE '${mark}%') AND IsDeleted = true`, { scanAll: true, autoFetch: true, maxFetch: 1000 });
  assert.equal(all.records.length, made.length + 1);
  const start = new Date(Date.now() - 3600000).toISOString();
  const end = new Date(Date.now() + 120000).toISOString();
  const feed = await accounts.deleted(start, end);
  const gone = new Set(feed.deletedRecords.map((record) => record.id));
  assert.ok([...made, single].every((id) => gone.has(id)));
  assert.ok(Date.parse(feed.earliestDateAvailable.replace('+0000', 'Z')) < Date.now() - 14 * 86400000);
  const [again] = await accounts.destroy([single]);
  assert.equal(again.errors[0].statusCode, 'ENTITY_IS_DELETED');
});

console.log(process.exitCode ? 'The look-alike differs from what jsforce expects.' : `${passed} checks passed.`);
