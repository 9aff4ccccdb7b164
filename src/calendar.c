#include "calendar.h"

#include <stdbool.h>

/* Years are counted from March 1st of year 0 on, so that the leap day is the last of its year;
 * the months from March on have 153 days in every five. */
enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400, DAYS_TO_1970 = 719468 };

int64_t calendar_divide(int64_t number, int64_t divisor)
{
    return number / divisor - (number % divisor < 0 ? 1 : 0);
}

struct date calendar_date(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = calendar_divide(days, DAYS_PER_ERA);
    int day_of_era = (int)(days - era * DAYS_PER_ERA);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    int month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct date){
        .year = era * YEARS_PER_ERA + year_of_era + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * march_month + 2) / 5 + 1,
    };
}

int64_t calendar_days(struct date date)
{
    int64_t march_year = date.year - (date.month <= 2 ? 1 : 0);
    int64_t era = calendar_divide(march_year, YEARS_PER_ERA);
    int year_of_era = (int)(march_year - era * YEARS_PER_ERA);
    int march_month = (date.month + 9) % 12;
    int day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

int calendar_month_length(int64_t year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}
