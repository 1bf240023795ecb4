"""Deals of the sample as CRMs, warehouses and people write them, so that what is true is known.

Titles, formats, further columns and remarks are those of the programs; each cell is deterministic.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from support.exports import sample_deals

FEATURES = ["industry", "region", "product_type", "lead_source"]
EVERY_DEAL = ["deal_id", "outcome", "created_date", "closed_date", "deal_amount", "sales_rep_id"]
FIRST_NAMES = ["Ann", "Zoë", "Jürgen", "Mary Jo", "Łukasz"]
LAST_NAMES = ["Lee", "O'Neil", "García", "van Dam", "Müller"]
COMPANIES = ["Acme", 'The "Blue" Door', "Smith, Jones & Co.", "Globex", "Initech", "Umbrella"]
NOTE = 'Called twice.\nAsked for "net 60", declined; will call on 4/5.'


@dataclass(frozen=True)
class Export:
    """A file, what is true of it, and what a newcomer has to say of it.

    path: the file.
    deals: the deals that a build must have: the columns `EVERY_DEAL`, and those of
        staging.stg_deals that the export has beside them. Blank cells are null.
    answers: what the newcomer says in lines that mapping.csv offers, by kind and found.
    added: lines that the newcomer adds, as `make check` asks.
    rejected, skipped: how many rows, by reason.
    """

    path: Path
    deals: pd.DataFrame
    answers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    added: Sequence[str] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)


def answered(mapping: str, export: Export) -> str:
    """The text of mapping.csv once a newcomer has completed it; each line must be offered."""
    lines = mapping.splitlines()
    for (kind, found), means in export.answers.items():
        (offered,) = (each for each in lines if each.startswith(f"#{kind},{found},"))
        lines[lines.index(offered)] = f"{kind},{found},{means}"
    return "\n".join([*lines, *export.added, ""])


def crm_deals(every: int = 18) -> pd.DataFrame:
    """Every so many of the sample's deals, with what a CRM has beside the sample's columns.

    Dates are timestamps with a time of day; an open deal has no `closed`, each has an `expected`.
    """
    deals = sample_deals().iloc[::every].reset_index(drop=True)
    number = np.arange(len(deals))
    minutes = pd.to_timedelta(7 * 60 + 37 * number % 600, unit="m")
    deals["created"] = pd.to_datetime(deals["created_date"]) + minutes
    deals["closed"] = pd.to_datetime(deals["closed_date"]) + minutes
    expected = deals["created"].dt.normalize() + pd.to_timedelta(30 + 11 * number % 60, unit="D")
    deals["expected"] = deals["closed"].dt.normalize().fillna(expected)
    rep = deals["sales_rep_id"].str.removeprefix("rep_").astype(int) - 1
    deals["rep"] = [f"{FIRST_NAMES[n // 5]} {LAST_NAMES[n % 5]}" for n in rep]
    deals["rep_number"] = rep
    deals["account_number"] = 5 * number % 131
    deals["account"] = [f"{COMPANIES[n % 6]} {n}" for n in deals["account_number"]]
    deals["name"] = deals["account"] + " - " + deals["product_type"]
    deals["amount"] = deals["deal_amount"].astype(int)
    deals["number"] = number
    return deals


def truth(deals: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """The deals that a build must have; `columns` takes the place of columns, None leaves out."""
    known = deals.assign(
        closed_date=deals["closed"].dt.strftime("%Y-%m-%d"),
        expected_close_date=deals["expected"].dt.strftime("%Y-%m-%d").where(deals["closed"].isna()),
        sales_rep_id=deals["rep"],
        account_id=deals["account"],
        deal_amount=deals["amount"].astype(float),
    ).assign(**{name: value for name, value in columns.items() if value is not None})
    named = [*EVERY_DEAL, "expected_close_date", "account_id", *FEATURES]
    optional = [name for name in columns if name not in named]
    return known[[*(name for name in named if columns.get(name, "") is not None), *optional]]


def written(path: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8", **options) -> Path:
    """A file of delimited text; None is a blank cell."""
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding, errors="replace"))
    return path


def table(frame: pd.DataFrame) -> list[list[Any]]:
    """A row of titles and the rows of cells; a missing value is None."""
    rows = zip(*(frame[name].tolist() for name in frame), strict=True)
    return [list(frame), *([None if pd.isna(cell) else cell for cell in row] for row in rows)]


def salesforce_id(prefix: str, number: int) -> str:
    """A record id of 15 characters, of which some differ from others only by case."""
    letters = "AaBbCcDdEeFf"
    return f"{prefix}5g00000{number // 12:04}{letters[number % 12]}"


def by_outcome(deals: pd.DataFrame, won: Any, lost: Any, is_open: Any) -> pd.Series:
    """A value for the won, the lost and the open deals; each may be a column."""
    not_won = np.where(deals["outcome"].eq("Lost"), lost, is_open)
    return pd.Series(np.where(deals["outcome"].eq("Won"), won, not_won), index=deals.index)


def staged(deals: pd.DataFrame, names: Mapping[str, str], won: str, lost: str) -> pd.Series:
    """The stage of each deal by the names of a CRM, in which closed deals have one of two."""
    return by_outcome(deals, won, lost, deals["deal_stage"].map(names))


# ---------- Salesforce

SALESFORCE_STAGES = {
    "Qualified": "Qualification",
    "Demo": "Needs Analysis",
    "Proposal": "Proposal/Price Quote",
    "Negotiation": "Negotiation/Review",
}
CONFIDENTIAL = "Confidential Information - Do Not Distribute"


def us_date(dates: pd.Series) -> pd.Series:
    """6/30/2026, blank where there is none."""
    parts = dates.dt.month.astype("Int64").astype(str), dates.dt.day.astype("Int64").astype(str)
    text = parts[0] + "/" + parts[1] + "/" + dates.dt.year.astype("Int64").astype(str)
    return text.where(dates.notna())


def salesforce_report_table(deals: pd.DataFrame) -> pd.DataFrame:
    """The columns of a report of opportunities."""
    columns = {
        "Opportunity Owner": deals["rep"],
        "Account Name": deals["account"],
        "Opportunity Name": deals["name"],
        "Stage": staged(deals, SALESFORCE_STAGES, "Closed Won", "Closed Lost"),
        "Fiscal Period": "Q" + deals["expected"].dt.quarter.astype(str) + "-2026",
        "Amount Currency": "USD",
        "Amount": deals["amount"].map("{:.2f}".format),
        "Probability (%)": by_outcome(deals, 100, 0, 40),
        "Age": deals["number"] % 90,
        "Close Date": us_date(deals["expected"]),
        "Created Date": us_date(deals["created"]),
        "Next Step": np.where(deals["number"] % 7 == 0, "Call, then send a quote", None),
        "Lead Source": deals["lead_source"],
        "Type": np.where(deals["number"] % 3 == 0, "Existing Business", "New Business"),
        "Industry": deals["industry"],
        "Sales Region": deals["region"],
        "Product Family": deals["product_type"],
        "Opportunity ID": [salesforce_id("006", number) for number in deals["number"]],
    }
    return pd.DataFrame(columns, index=deals.index)


def salesforce_report(folder: Path, deals: pd.DataFrame) -> Export:
    """'Export Details' of a report as CSV: all cells in quotes, in Latin-1, with a footer."""
    deals = deals.assign(rep=deals["rep"].str.replace("Ł", "L"))
    frame = salesforce_report_table(deals)
    footer = [
        *([], [f"Grand Totals ({len(deals)} records)"], [], ["All Opportunities"]),
        ["Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."],
        *([CONFIDENTIAL], ["Generated By:  Ann Lee  6/30/2026 10:15 AM"], ["Acme Corporation"]),
    ]
    rows = [*(["" if cell is None else cell for cell in row] for row in table(frame)), *footer]
    path = written(folder / "report1719733000.csv", rows, "latin-1", quoting=csv.QUOTE_ALL)
    return Export(
        path,
        truth(
            deals,
            deal_id=frame["Opportunity ID"],
            crm_probability=by_outcome(deals, 100.0, 0.0, 40.0),
        ),
        rejected={"wrong_column_count": 6},
        skipped={"blank_line": 2},
    )


def salesforce_formatted_report(folder: Path, deals: pd.DataFrame) -> Export:
    """'Formatted Report' as a workbook: titles above, groups of merged cells, totals, a footer."""
    frame = salesforce_report_table(deals).assign(Amount=deals["amount"])
    frame = frame.rename(columns={"Stage": "Stage  ↑"})
    frame = frame[["Stage  ↑", *(name for name in frame if name != "Stage  ↑")]]
    book = openpyxl.Workbook()
    sheet = book.active
    for text in (
        *("Win rate by stage", "As of 2026-06-30 10:15:00 Pacific Standard Time/PST"),
        *("Filtered By", "   Show: All opportunities", "   Date Field: Created Date", None),
    ):
        sheet.append([None, text])
    sheet.append([None, *frame.columns])
    n_groups = 0
    for _, group in frame.groupby("Stage  ↑"):
        first = sheet.max_row + 1
        for row in group.itertuples(index=False):
            sheet.append([None, *(None if pd.isna(cell) else cell for cell in row)])
        sheet.merge_cells(start_row=first, end_row=sheet.max_row, start_column=2, end_column=2)
        place = list(frame).index("Amount")
        blank = [None] * (place - 1)
        sheet.append([None, "Subtotal", *blank[:-1], "Sum", int(group["Amount"].sum())])
        sheet.append([None, None, *blank[:-1], "Count", len(group)])
        n_groups += 1
    sheet.append([None, "Total", *blank[:-1], "Sum", int(frame["Amount"].sum())])
    sheet.append([None, None, *blank[:-1], "Count", len(frame)])
    sheet.append([])
    sheet.append([None, CONFIDENTIAL])
    sheet.append([None, "Copyright © 2000-2026 salesforce.com, inc. All rights reserved."])
    book.save(folder / "Win rate by stage-2026-06-30-10-15-00.xlsx")
    return Export(
        folder / "Win rate by stage-2026-06-30-10-15-00.xlsx",
        truth(deals, deal_id=frame["Opportunity ID"]),
        rejected={"missing_deal_id": 2 * n_groups + 4},
        skipped={"above_header": 5, "blank_line": 2},
    )


def salesforce_object(deals: pd.DataFrame) -> pd.DataFrame:
    """The columns of the table Opportunity, by their names in the API."""
    columns = {
        "Id": [salesforce_id("006", number) + "AAU" for number in deals["number"]],
        "IsDeleted": False,
        "AccountId": [salesforce_id("001", number) + "QAM" for number in deals["account_number"]],
        "RecordTypeId": "0125g000000abcDAAQ",
        "IsPrivate": False,
        "Name": deals["name"],
        "Description": [NOTE if number % 9 == 0 else None for number in deals["number"]],
        "StageName": staged(deals, SALESFORCE_STAGES, "Closed Won", "Closed Lost"),
        "Amount": deals["amount"].astype(float),
        "Probability": by_outcome(deals, 100.0, 0.0, 40.0),
        "ExpectedRevenue": deals["amount"] * by_outcome(deals, 1.0, 0.0, 0.4),
        "CloseDate": deals["expected"].dt.strftime("%Y-%m-%d"),
        "Type": np.where(deals["number"] % 3 == 0, "Existing Business", "New Business"),
        "LeadSource": deals["lead_source"],
        "IsClosed": deals["outcome"].notna(),
        "IsWon": deals["outcome"].eq("Won"),
        "ForecastCategoryName": by_outcome(deals, "Closed", "Omitted", "Pipeline"),
        "OwnerId": [salesforce_id("005", number) + "QAK" for number in deals["rep_number"]],
        "CreatedDate": deals["created"],
        "LastModifiedDate": pd.Timestamp("2026-06-30 09:00:00"),
        "SystemModstamp": pd.Timestamp("2026-06-30 09:00:00"),
        "FiscalQuarter": deals["expected"].dt.quarter,
        "FiscalYear": deals["expected"].dt.year,
        "Fiscal": deals["expected"].dt.strftime("%Y ") + deals["expected"].dt.quarter.astype(str),
        "LastStageChangeDate": deals["closed"].fillna(deals["created"]),
        "HasOpportunityLineItem": deals["number"] % 2 == 0,
        "Industry__c": deals["industry"],
        "Sales_Region__c": deals["region"],
        "Product_Family__c": deals["product_type"],
    }
    return pd.DataFrame(columns, index=deals.index)


def with_deleted(frame: pd.DataFrame, title: str, n_deleted: int = 4) -> pd.DataFrame:
    """The same rows, and copies of the first few with other ids, marked as deleted."""
    first = frame.columns[0]
    deleted = frame.head(n_deleted).assign(**{title: True})
    deleted[first] = [str(cell)[:-1] + "X" for cell in deleted[first]]
    return pd.concat([frame, deleted], ignore_index=True)


def salesforce_truth(deals: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """What is true of a table of opportunities."""
    ids = {"deal_id": "Id", "account_id": "AccountId", "sales_rep_id": "OwnerId"}
    return truth(deals, **{name: frame[title] for name, title in ids.items()})


def salesforce_data_loader(folder: Path, deals: pd.DataFrame) -> Export:
    """'Export All' of Data Loader: titles in capitals, timestamps with milliseconds and zone."""
    frame = salesforce_object(deals)
    known = salesforce_truth(deals, frame)
    frame = with_deleted(frame, "IsDeleted")
    for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastStageChangeDate"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    for name in frame.select_dtypes("bool"):
        frame[name] = frame[name].map({True: "true", False: "false"})
    rows = table(frame.rename(columns=str.upper))
    path = written(folder / "Opportunity.csv", rows, quoting=csv.QUOTE_ALL)
    return Export(path, known, skipped={"deleted": 4})


def salesforce_fivetran(folder: Path, deals: pd.DataFrame) -> Export:
    """The table that Fivetran writes, as Parquet: typed cells, titles in lower case."""
    frame = salesforce_object(deals)
    known = salesforce_truth(deals, frame)
    frame["_fivetran_deleted"] = False
    frame["_fivetran_synced"] = pd.Timestamp("2026-06-30 10:00:00.123")
    frame = with_deleted(frame, "_fivetran_deleted")
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.tz_localize("UTC")
    frame["CloseDate"] = pd.to_datetime(frame["CloseDate"]).dt.date
    titles = {
        "Id": "id",
        "IsDeleted": "is_deleted",
        "AccountId": "account_id",
        "StageName": "stage_name",
        "CloseDate": "close_date",
        "LeadSource": "lead_source",
        "IsClosed": "is_closed",
        "IsWon": "is_won",
        "OwnerId": "owner_id",
        "CreatedDate": "created_date",
        "LastStageChangeDate": "last_stage_change_date",
        "Industry__c": "industry_c",
        "Sales_Region__c": "sales_region_c",
        "Product_Family__c": "product_family_c",
    }
    frame = frame.rename(columns=titles).rename(columns=str.lower)
    path = folder / "opportunity.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return Export(path, known, skipped={"deleted": 4})


# ---------- HubSpot

HUBSPOT_STAGES = {
    "Qualified": "Appointment scheduled",
    "Demo": "Presentation scheduled",
    "Proposal": "Decision maker bought-In",
    "Negotiation": "Contract sent",
}
HUBSPOT_LABELS = [*HUBSPOT_STAGES.values(), "Qualified to buy", "Closed won", "Closed lost"]
HUBSPOT_OTHER = [
    *("Deal Description", "Deal Type", "Closed Won Reason", "Closed Lost Reason", "Next step"),
    *("Annual contract value", "Annual recurring revenue", "Monthly recurring revenue"),
    *("Total contract value", "Forecast amount", "Forecast category", "Forecast probability"),
    *(
        "Weighted amount",
        "Weighted amount in company currency",
        "Deal probability",
        "Exchange rate",
    ),
    *("Closed Deal Amount", "Closed Deal Amount In Home Currency", "Deal Score", "Priority"),
    *("Number of Associated Contacts", "Number of times contacted", "Number of Sales Activities"),
    *("Last Activity Date", "Last Contacted", "Next Activity Date", "Last Modified Date"),
    *("Owner assigned date", "HubSpot Team", "All owner IDs", "All team IDs", "Shared teams"),
    *("Created by user ID", "Updated by user ID", "Merged Deal IDs", "Record source"),
    *("Record source detail 1", "Record source detail 2", "Record source detail 3"),
    *("Original Traffic Source Drill-Down 1", "Original Traffic Source Drill-Down 2"),
    *("Latest Traffic Source", "Latest Traffic Source Date", "Latest Traffic Source Drill-Down 1"),
    *("Latest meeting activity", "Recent Sales Email Replied Date", "Deal Collaborator"),
    *("Date of last meeting booked in meetings tool", "Days to close", "Pipeline stage order"),
    *("Is Closed Lost", "Is Open", "Associated Contact", "Associated Contact IDs", "Deal Tags"),
    *(f'Date entered "{label} (Sales Pipeline)"' for label in HUBSPOT_LABELS),
    *(f'Date exited "{label} (Sales Pipeline)"' for label in HUBSPOT_LABELS),
    *(f'Cumulative time in "{label} (Sales Pipeline)" (HH:mm:ss)' for label in HUBSPOT_LABELS),
    *(f'Latest time in "{label} (Sales Pipeline)" (HH:mm:ss)' for label in HUBSPOT_LABELS),
    *(f"Custom property {number}" for number in range(1, 21)),
]


def hubspot_other(title: str, place: int, deals: pd.DataFrame) -> list[Any]:
    """The cells of a further column: blank in more than half of the rows."""
    number = deals["number"]
    if title == "Days to close":
        cells = (deals["closed"].dt.normalize() - deals["created"].dt.normalize()).dt.days
        return [None if pd.isna(days) else int(days) for days in cells]
    if title == "Is Closed Lost":
        return list(by_outcome(deals, "false", "true", "false"))
    if title == "Deal Type":
        kinds = np.where(number % 3 == 0, "Existing Business", "New Business")
        return list(np.where(number % 2 == 0, kinds, None))
    if "date" in title.lower():
        cells = deals["created"].dt.strftime("%Y-%m-%d %H:%M")
    elif title == "Deal Description":
        cells = pd.Series(NOTE, index=deals.index)
    elif "(HH:mm:ss)" in title:
        cells = (13 * number % 900).map("{}:05:09".format)
    else:
        cells = (number * (place + 1) % 1000).astype(str)
    return list(cells.where((number + place) % 5 < 2))


def hubspot_table(deals: pd.DataFrame) -> pd.DataFrame:
    """The columns that an export of all properties begins with."""
    stages = staged(deals, HUBSPOT_STAGES, "Closed won", "Closed lost") + " (Sales Pipeline)"
    columns = {
        "Record ID": [f"92{number:08}" for number in deals["number"]],
        "Deal Name": deals["name"],
        "Deal Stage": stages,
        "Close Date": deals["expected"].dt.strftime("%Y-%m-%d %H:%M"),
        "Create Date": deals["created"].dt.strftime("%Y-%m-%d %H:%M"),
        "Amount": deals["amount"],
        "Amount in company currency": deals["amount"],
        "Currency": "USD",
        "Deal owner": deals["rep"],
        "Pipeline": "Sales Pipeline",
        "Is Closed Won": by_outcome(deals, "true", "false", "false"),
        "Is Deal Closed?": by_outcome(deals, "true", "true", "false"),
        "Original Traffic Source": deals["lead_source"],
        "Associated Company": deals["account"],
        "Associated Company IDs": [f"31{number:08}" for number in deals["account_number"]],
        "Industry": deals["industry"],
        "Region": deals["region"],
        "Product": deals["product_type"],
    }
    return pd.DataFrame(columns, index=deals.index)


def hubspot_wide(folder: Path, deals: pd.DataFrame) -> Export:
    """All properties with their labels; a third of the lost deals have no close date."""
    is_lost = deals["outcome"].eq("Lost")
    is_undated = is_lost & (is_lost.cumsum() % 3 == 0)
    deals = deals.assign(
        closed=deals["closed"].mask(is_undated), expected=deals["expected"].mask(is_undated)
    )
    other = {title: hubspot_other(title, place, deals) for place, title in enumerate(HUBSPOT_OTHER)}
    frame = hubspot_table(deals).join(pd.DataFrame(other, index=deals.index, dtype=object))
    path = written(folder / "hubspot-crm-exports-all-deals-2026-06-30.csv", table(frame))
    known = truth(
        deals,
        deal_id=frame["Record ID"],
        account_id=frame["Associated Company IDs"],
        expected_close_date=deals["expected"]
        .dt.strftime("%Y-%m-%d")
        .where(deals["outcome"].isna()),
    )
    return Export(path, known)


def hubspot_view(folder: Path, deals: pd.DataFrame) -> Export:
    """A view with a few properties, as Excel writes it; nothing but the stage has the outcome."""
    frame = hubspot_table(deals)
    wanted = [
        *("Record ID", "Deal Name", "Deal Stage", "Close Date", "Deal owner", "Amount"),
        *("Create Date", "Industry", "Region"),
    ]
    book = openpyxl.Workbook()
    for row in table(frame[wanted]):
        book.active.append(row)
    book.save(folder / "hubspot-crm-exports-my-view.xlsx")
    return Export(
        folder / "hubspot-crm-exports-my-view.xlsx",
        truth(
            deals,
            deal_id=frame["Record ID"],
            account_id=None,
            product_type=None,
            lead_source=None,
        ),
    )


def millis(moments: pd.Series) -> list[Any]:
    """Milliseconds since 1970, blank where there is none."""
    since = (moments - pd.Timestamp("1970-01-01")) // pd.Timedelta("1ms")
    return [None if pd.isna(cell) else int(cell) for cell in since]


HUBSPOT_STAGE_IDS = {
    "Qualified": "appointmentscheduled",
    "Demo": "presentationscheduled",
    "Proposal": "decisionmakerboughtin",
    "Negotiation": "1034567891",  # a stage that somebody added has a number
}


def hubspot_api(folder: Path, deals: pd.DataFrame) -> Export:
    """The table of deals that a connector writes from HubSpot's API: internal names and ids."""
    stages = staged(deals, HUBSPOT_STAGE_IDS, "closedwon", "closedlost")
    owners = 50_000_000 + deals["rep_number"]
    is_closed = deals["outcome"].notna()
    frame = pd.DataFrame(
        {
            "deal_id": 9_200_000_000 + deals["number"],
            "portal_id": 1234567,
            "is_deleted": False,
            "_fivetran_synced": "2026-06-30 10:00:00.123000+00:00",
            "property_dealname": deals["name"],
            "property_dealstage": stages,
            "property_pipeline": "default",
            "property_amount": deals["amount"].map("{:.1f}".format),
            "property_amount_in_home_currency": deals["amount"].map("{:.1f}".format),
            "property_deal_currency_code": "USD",
            "property_closedate": millis(deals["closed"].fillna(deals["expected"])),
            "property_createdate": millis(deals["created"]),
            "property_hs_createdate": millis(deals["created"]),
            "property_hs_lastmodifieddate": millis(deals["created"] + pd.Timedelta("1h")),
            "property_hs_is_closed": is_closed.map({True: "true", False: "false"}),
            "property_hs_is_closed_won": by_outcome(deals, "true", "false", "false"),
            "property_hubspot_owner_id": owners,
            "property_hs_analytics_source": deals["lead_source"].map(
                {
                    "Inbound": "ORGANIC_SEARCH",
                    "Outbound": "OFFLINE",
                    "Referral": "REFERRALS",
                    "Partner": "OTHER_CAMPAIGNS",
                }
            ),
            "property_hs_deal_stage_probability": by_outcome(deals, "1.0", "0.0", "0.4"),
            "property_industry": deals["industry"],
            "property_region": deals["region"],
            "property_product_type": deals["product_type"],
            "property_hs_all_owner_ids": owners,
            "property_num_notes": deals["number"] % 12,
        },
        index=deals.index,
    )
    path = written(folder / "deal.csv", table(with_deleted(frame, "is_deleted")))
    known = truth(
        deals,
        deal_id=frame["deal_id"].astype(str),
        sales_rep_id=owners.astype(str),
        lead_source=frame["property_hs_analytics_source"],
        crm_probability=by_outcome(deals, 100.0, 0.0, 40.0),
        account_id=None,
    )
    return Export(path, known, skipped={"deleted": 4})


# ---------- Dynamics 365

DYNAMICS_PHASES = {
    "Qualified": "1-Qualify",
    "Demo": "2-Develop",
    "Proposal": "3-Propose",
    "Negotiation": "4-Close",
    "Closed": "4-Close",
}


def guid(kind: int, number: int) -> str:
    """A GUID."""
    return f"{kind:08x}-1b2c-ef11-9f89-{number:012x}"


def dynamics_workbook(folder: Path, deals: pd.DataFrame) -> Export:
    """'Export to Excel' of a view: three hidden columns, typed cells, labels of choices."""
    is_lost = deals["outcome"].eq("Lost")
    reasons = np.where(deals["number"] % 2 == 0, "Canceled", "Out-Sold")
    frame = pd.DataFrame(
        {
            "(Do Not Modify) Opportunity": [guid(7, number) for number in deals["number"]],
            "(Do Not Modify) Row Checksum": [f"k{number}Qa/==" for number in deals["number"]],
            "(Do Not Modify) Modified On": deals["created"] + pd.Timedelta("90min"),
            "Topic": deals["name"],
            "Potential Customer": deals["account"],
            "Est. Close Date": deals["expected"],
            "Est. Revenue": deals["amount"],
            "Contact": None,
            "Account": deals["account"],
            "Probability": by_outcome(deals, 100, 0, 40),
            "Rating": np.where(deals["number"] % 3 == 0, "Hot", "Warm"),
            "Pipeline Phase": deals["deal_stage"].map(DYNAMICS_PHASES),
            "Status": by_outcome(deals, "Won", "Lost", "Open"),
            "Status Reason": np.where(
                is_lost, reasons, by_outcome(deals, "Won", "", "In Progress")
            ),
            "Actual Close Date": deals["closed"].dt.normalize(),
            "Actual Revenue": by_outcome(deals, deals["amount"], 0, None),
            "Currency": "US Dollar",
            "Created On": deals["created"],
            "Owner": deals["rep"],
            "Source Campaign": None,
            "Industry (Account) (Account)": deals["industry"],
            "Territory": deals["region"],
            "Product Line": deals["product_type"],
            "Lead Source": deals["lead_source"],
        },
        index=deals.index,
    )
    book = openpyxl.Workbook()
    book.active.title = "All Opportunities"
    for row in table(frame):
        book.active.append(
            [cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in row]
        )
    for letter in "ABC":
        book.active.column_dimensions[letter].hidden = True
    book.create_sheet("hiddenSheet").sheet_state = "veryHidden"
    book["hiddenSheet"]["A1"] = "opportunity:Rm9vYmFy:%28Do%20Not%20Modify%29"
    path = folder / "All Opportunities 30-06-2026 10-15-00.xlsx"
    book.save(path)
    return Export(path, truth(deals, deal_id=frame["(Do Not Modify) Opportunity"]))


def dynamics_table(folder: Path, deals: pd.DataFrame) -> Export:
    """The table opportunity of Dataverse: names of the API, numbers for choices, moments in UTC."""
    at_closing = deals["closed"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    frame = pd.DataFrame(
        {
            "@odata.etag": [f'W/"{30_000_000 + number}"' for number in deals["number"]],
            "opportunityid": [guid(7, number) for number in deals["number"]],
            "name": deals["name"],
            "statecode": by_outcome(deals, 1, 2, 0),
            "statuscode": by_outcome(deals, 3, 4 + deals["number"] % 2, 1),
            "createdon": deals["created"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "actualclosedate": at_closing.where(deals["closed"].notna()),
            "estimatedclosedate": deals["expected"].dt.strftime("%Y-%m-%d"),
            "actualvalue": by_outcome(deals, deals["amount"], 0, None),
            "estimatedvalue": deals["amount"].map("{:.4f}".format),
            "estimatedvalue_base": deals["amount"].map("{:.4f}".format),
            "exchangerate": "1.0000000000",
            "_ownerid_value": [guid(8, number) for number in deals["rep_number"]],
            "_owninguser_value": [guid(8, number) for number in deals["rep_number"]],
            "_parentaccountid_value": [guid(9, number) for number in deals["account_number"]],
            "_transactioncurrencyid_value": guid(10, 1),
            "salesstage": deals["deal_stage"].map(DYNAMICS_PHASES).str[0].astype(int) - 1,
            "stepname": deals["deal_stage"].map(DYNAMICS_PHASES),
            "new_industry": deals["industry"],
            "new_region": deals["region"],
            "new_producttype": deals["product_type"],
            "new_leadsource": deals["lead_source"],
            "versionnumber": 30_000_000 + deals["number"],
        },
        index=deals.index,
    )
    path = written(folder / "opportunities.csv", table(frame))
    known = truth(
        deals,
        deal_id=frame["opportunityid"],
        sales_rep_id=frame["_ownerid_value"],
        account_id=frame["_parentaccountid_value"],
    )
    answers = {("column", f"new_{name.replace('_', '')}"): name for name in FEATURES}
    return Export(path, known, answers)


# ---------- Pipedrive

PIPEDRIVE_OTHER = [
    *(
        "Deal - Label",
        "Deal - Visible to",
        "Deal - Next activity date",
        "Deal - Last activity date",
    ),
    *("Deal - Last email received", "Deal - Last email sent", "Deal - Product quantity"),
    *("Deal - Product amount", "Deal - Source origin", "Deal - Source origin ID"),
    *("Deal - Source channel ID", "Deal - Archive status", "Deal - Archive time"),
    *("Deal - Sequence enrollment", "Person - Email - Work", "Person - Phone - Mobile"),
]
LOST_REASONS = ["Price", "No budget", "Competitor", None]


def pipedrive(folder: Path, deals: pd.DataFrame) -> Export:
    """All columns of the list view, with deals that were deleted and fields of its own."""
    is_won, is_lost = deals["outcome"].eq("Won"), deals["outcome"].eq("Lost")
    moments = deals["closed"].dt.strftime("%Y-%m-%d %H:%M:%S")
    created = deals["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
    frame = pd.DataFrame(
        {
            "Deal - ID": deals["number"] + 1,
            "Deal - Title": deals["name"],
            "Deal - Creator": deals["rep"],
            "Deal - Owner": deals["rep"],
            "Deal - Value": deals["amount"],
            "Deal - Currency of Value": "EUR",
            "Deal - Weighted value": (deals["amount"] * 0.4).round(2),
            "Deal - Currency of Weighted value": "EUR",
            "Deal - Probability": None,
            "Deal - Organization": deals["account"],
            "Deal - Organization ID": deals["account_number"] + 500,
            "Deal - Pipeline": "Pipeline",
            "Deal - Contact person": None,
            "Deal - Stage": deals["deal_stage"].replace("Closed", "Negotiation"),
            "Deal - Status": by_outcome(deals, "Won", "Lost", "Open"),
            "Deal - Deal created": created,
            "Deal - Update time": created,
            "Deal - Last stage change": created,
            "Deal - Won time": moments.where(is_won),
            "Deal - Lost time": moments.where(is_lost),
            "Deal - Deal closed on": moments,
            "Deal - Lost reason": [
                LOST_REASONS[number % 4] if lost else None
                for number, lost in zip(deals["number"], is_lost, strict=True)
            ],
            "Deal - Total activities": deals["number"] % 9,
            "Deal - Done activities": deals["number"] % 7,
            "Deal - Activities to do": deals["number"] % 2,
            "Deal - Email messages count": deals["number"] % 31,
            "Deal - Expected close date": deals["expected"].dt.strftime("%Y-%m-%d"),
            "Deal - Source channel": deals["lead_source"],
            "Deal - Industry": deals["industry"],
            "Deal - Region": deals["region"],
            "Deal - Product name": deals["product_type"],
        },
        index=deals.index,
    )
    frame[PIPEDRIVE_OTHER] = None
    known = truth(deals, deal_id=frame["Deal - ID"].astype(str))
    gone = frame[frame["Deal - Status"] == "Open"].head(5).assign(**{"Deal - Status": "Deleted"})
    gone["Deal - ID"] += 100_000
    frame = pd.concat([frame, gone], ignore_index=True)
    path = written(folder / "deals-1234567-42.csv", table(frame))
    return Export(path, known, skipped={"deleted": 5})


# ---------- kept by hand


def hand_kept_workbook(folder: Path, deals: pd.DataFrame) -> Export:
    """A list in German: a title, merged cells, a total, notes; some dates and amounts are text."""
    deals = deals.sort_values(["region", "number"], kind="stable").reset_index(drop=True)
    deals["amount"] += 0.25  # of which no cell is in doubt
    is_text = deals.index % 40 == 7
    german = deals["amount"].map("{:,.2f} EUR".format).str.translate(str.maketrans(",.", ".,"))
    frame = pd.DataFrame(
        {
            "Region": deals["region"],
            "Nr.": deals["number"].map("V-{:04}".format),
            "Kunde": deals["account"],
            "Branche": deals["industry"],
            "Produkt": deals["product_type"],
            "Herkunft": deals["lead_source"],
            "Verkäufer": deals["rep"],
            "Angelegt am": deals["created"].dt.date.mask(
                is_text, deals["created"].dt.strftime("%d.%m.%Y")
            ),
            "Entschieden am": deals["closed"].dt.date,
            "Umsatz": deals["amount"].astype(object).mask(is_text, german),
            "Auftrag?": by_outcome(deals, "ja", np.where(is_text, "Nein", "nein"), None),
            "Bemerkung": by_outcome(deals, None, "Preis war zu hoch", None),
        }
    )
    n_above = 2
    total = dict.fromkeys(frame) | {"Region": "Summe", "Umsatz": deals["amount"].sum()}
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Vertrieb"
    sheet["A1"] = "Vertriebsliste 2024 bis 2026 (Stand 30.06.2026)"
    sheet.append([])
    for row in [*table(frame), list(total.values())]:
        sheet.append(row)
    for _, group in deals.groupby("region"):
        first, last = (n_above + 2 + place for place in (group.index.min(), group.index.max()))
        sheet.merge_cells(start_row=first, end_row=last, start_column=1, end_column=1)
    book.create_sheet("Notizen")["A1"] = "Umsatz ist netto. Region: siehe Gebietsplan."
    path = folder / "Vertriebsliste.xlsx"
    book.save(path)
    columns = {
        "Nr.": "deal_id",
        "Kunde": "account_id",
        "Branche": "industry",
        "Produkt": "product_type",
        "Herkunft": "lead_source",
        "Verkäufer": "sales_rep_id",
        "Angelegt am": "created_date",
        "Entschieden am": "closed_date",
        "Umsatz": "deal_amount",
        "Auftrag?": "outcome",
    }
    return Export(
        path,
        truth(deals, deal_id=frame["Nr."], expected_close_date=None),
        answers={("column", title): name for title, name in columns.items()},
        added=["outcome,ja,Won", "outcome,nein,Lost"],
        rejected={"missing_deal_id": 1},
        skipped={"above_header": 1, "blank_line": 1},
    )


def hand_kept_list(folder: Path, deals: pd.DataFrame) -> Export:
    """A list with a title, titles that are in no CRM, amounts such as 12k, and few columns."""
    deals = deals.assign(amount=deals["amount"].round(-3))
    is_round = deals.index % 30 == 4
    thousands = (deals["amount"] // 1000).map("{}k".format)
    frame = pd.DataFrame(
        {
            "Ref": deals["number"].map("{:04}".format),
            "Client": deals["account"],
            "Who": deals["rep"],
            "Started": deals["created"].dt.strftime("%d/%m/%Y"),
            "Decided": deals["closed"].dt.strftime("%d/%m/%Y"),
            "Worth": deals["amount"].astype(object).mask(is_round, thousands),
            "Signed?": by_outcome(deals, "Yes", "No", None),
        }
    )
    above = [["Our deals"], ["Ask Ann before you change anything, please; 2024 to 2026"], []]
    path = written(folder / "deals.csv", [*above, *table(frame)], delimiter=";")
    columns = {
        "Ref": "deal_id",
        "Client": "account_id",
        "Who": "sales_rep_id",
        "Started": "created_date",
        "Decided": "closed_date",
        "Worth": "deal_amount",
        "Signed?": "outcome",
    }
    return Export(
        path,
        truth(
            deals,
            deal_id=frame["Ref"],
            expected_close_date=None,
            **dict.fromkeys(FEATURES),
        ),
        answers={("column", title): name for title, name in columns.items()},
        added=["outcome,Yes,Won", "outcome,No,Lost"],
        skipped={"above_header": 2, "blank_line": 1},
    )


SHAPES: dict[str, Callable[[Path, pd.DataFrame], Export]] = {
    shape.__name__: shape
    for shape in (
        salesforce_report,
        salesforce_formatted_report,
        salesforce_data_loader,
        salesforce_fivetran,
        hubspot_wide,
        hubspot_view,
        hubspot_api,
        dynamics_workbook,
        dynamics_table,
        pipedrive,
        hand_kept_workbook,
        hand_kept_list,
    )
}
